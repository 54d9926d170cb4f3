"""``micronas init --set``: options of the data, where there is no configuration yet that could hold them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from tests.support.command_line import micronas, refused


def pictures(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            pixels = rng.integers(0, 255, (20, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def test_the_remedy_for_damaged_pictures_works_and_is_written(tmp_path: Path) -> None:
    pictures(tmp_path / "pets")
    (tmp_path / "pets" / "cat" / "0.png").write_bytes(b"no picture")  # the first file that is looked at
    message = refused(
        micronas("init", "--data", "pets", cwd=tmp_path), "cat/0.png (not an image)", "skip_bad: true"
    )
    remedy = message.partition("(here: ")[2].partition(")\n")[0]
    done = micronas("init", "--data", "pets", *remedy.split(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = yaml.safe_load((tmp_path / "search.yaml").read_text())["data"]
    assert written["options"] == {"height": 20, "width": 24, "channels": 3, "skip_bad": True}


def test_a_target_with_a_name_of_its_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{a + b:.3f}" for a, b in rng.normal(size=(1500, 2))]
    (tmp_path / "a.csv").write_text("\n".join(["ax,ay,speed", *rows]))
    words = ("init", "--data", "a.csv", "--task", "regression")
    refused(micronas(*words, cwd=tmp_path), "no column of targets", "--set data.options.target=VALUE")
    settings = ("--set", "data.options.target=speed", "--set", "data.options.window=50", "--set")
    done = micronas(*words, *settings, "data.split_seed=4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = yaml.safe_load((tmp_path / "search.yaml").read_text())["data"]
    assert written["options"] == {"target": "speed", "window": 50}
    assert written["split_seed"] == 4


def test_other_sections_are_edited_in_the_file(tmp_path: Path) -> None:
    done = micronas("init", "--set", "budget.trials=3", cwd=tmp_path)
    refused(done, "--set budget.trials", "section data only", "edit the other keys in the file")
    refused(micronas("init", "--set", "data.optoins={}", cwd=tmp_path), "did you mean 'data.options'?")
    assert not (tmp_path / "search.yaml").exists()


def test_a_remedy_without_a_key_leaves_its_name_open(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,label\n")
    refused(micronas("init", "--data", "a.csv", cwd=tmp_path), "no rows", "--set data.options.KEY=VALUE")


def test_one_class_needs_a_second_one(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pets")
    for path in (folder / "dog").iterdir():
        path.unlink()
    (folder / "dog").rmdir()
    refused(micronas("init", "--data", "pets", cwd=tmp_path), "only one class: 'cat'", "second class")
