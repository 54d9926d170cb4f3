"""``micronas init`` looks at data and board, and what it writes is a search that may begin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from micronas.config import load_config
from micronas.data.sources.recognise import Kind, recognise
from micronas.errors import DataError
from micronas.search import prepare
from tests.support.command_line import micronas, refused


def windows(path: Path, **extra: np.ndarray) -> Path:
    """400 windows of 64 x 3 in four classes, ten persons."""
    rng = np.random.default_rng(0)
    arrays = {"windows": rng.normal(0, 0.3, (400, 64, 3)).astype(np.float32), "labels": np.arange(400) % 4}
    np.savez(path, **arrays, **extra)
    return path


@pytest.mark.parametrize("words", [(), ("--task", "images"), ("--task", "anomaly")], ids=str)
def test_without_data_it_takes_those_that_come_along(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = micronas("init", *words, "--board", "bluepill_f103c8", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "micronas search search.yaml" in done.stdout
    text = (tmp_path / "search.yaml").read_text()
    assert text.count("#") > 8
    config = load_config(tmp_path / "search.yaml")
    assert config.board == "bluepill_f103c8"
    # DS5319: 64 KB of flash, 20 KB of SRAM
    assert 0 < config.constraints.flash_kb < 64
    assert 0 < config.constraints.sram_kb < 20
    setup = prepare(config.model_copy(update={"device": "none"}))
    assert setup.first
    refused(micronas("init", cwd=tmp_path), "search.yaml: already exists")


def test_arrays_are_found_by_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    windows(tmp_path / "gestures.npz", classes=np.array(list("abcd")), person=np.arange(400) // 40)
    done = micronas("init", "--data", "gestures.npz", "--out", "my.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "400 samples of 64 x 1 x 3 in 4 classes" in done.stdout
    text = (tmp_path / "my.yaml").read_text()
    assert "if channels 0 to 2 are a sensor worn in any direction, add triads: [[0, 1, 2]]" in text.lower()
    written = yaml.safe_load(text)
    assert written["data"] == {
        "name": "npz",
        "path": "gestures.npz",
        "options": {
            "kind": "stream",
            "x": "windows",
            "y": "labels",
            "classes": "classes",
            "groups": "person",
        },
    }
    monkeypatch.chdir(tmp_path)
    setup = prepare(load_config("my.yaml", {"device": "none"}))
    persons = [set(part.groups.tolist()) for part in (setup.dataset.train, setup.dataset.validation)]  # type: ignore[union-attr]
    assert not persons[0] & persons[1]


def test_a_folder_of_images_is_read_at_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(1)
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(12):
            pixels = rng.integers(0, 255, (40, 32, 3), dtype=np.uint8)
            image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    done = micronas("init", "--data", "photos", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "24 samples of 40 x 32 x 3 in 2 classes" in done.stdout
    monkeypatch.chdir(tmp_path)
    assert load_config("search.yaml").data.options == {"height": 40, "width": 32, "channels": 3}


def test_an_anomaly_search_names_the_normal_class(tmp_path: Path) -> None:
    windows(tmp_path / "pump.npz", classes=np.array(["fine", "worn", "loose", "dry"]))
    done = micronas("init", "--task", "anomaly", "--data", "pump.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = yaml.safe_load((tmp_path / "search.yaml").read_text())
    assert written["data"]["options"]["normal"] == "fine"
    assert written["space"] == {"name": "autoencoder"}


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--task", "audio"), ("micronas has no audio data built in", "--data FOLDER")),
        (("--data", "gone"), ("data not found: gone",)),
        (("--data", "empty"), ("empty has no images, recordings or CSV files",)),
        (("--data", "model.bin"), ("only folders, CSV files and .npz files",)),
        (("--data", "odd.npz"), ("inputs or labels not found among numbers",)),
        (("--board", "f103"), ("unknown board 'f103'",)),
    ],
    ids=lambda value: value[-1],
)
def test_what_cannot_be_searched_is_refused_and_leaves_nothing(
    tmp_path: Path, words: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "model.bin").write_text("x")
    np.savez(tmp_path / "odd.npz", numbers=np.zeros(3))
    refused(micronas("init", *words, cwd=tmp_path), *parts)
    assert not (tmp_path / "search.yaml").exists()


def test_a_task_that_the_data_are_not_for_is_refused(tmp_path: Path) -> None:
    from PIL import Image

    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        Image.new("L", (8, 8)).save(tmp_path / "pets" / name / "1.png")
    with pytest.raises(DataError, match="pets holds images, not recordings") as refusal:
        recognise(tmp_path / "pets", Kind.AUDIO)
    assert "--task images" in str(refusal.value)
    assert recognise(tmp_path / "pets", Kind.IMAGES) == recognise(tmp_path / "pets")
    (tmp_path / "walk.csv").write_text("x,label\n1,a\n")
    with pytest.raises(DataError, match=r"walk\.csv holds CSV data, not images"):
        recognise(tmp_path / "walk.csv", Kind.IMAGES)


def test_an_empty_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "none.csv").touch()
    refused(micronas("init", "--data", "none.csv", cwd=tmp_path), "none.csv: empty file", "name a CSV file")


def test_what_the_data_lost_is_said(tmp_path: Path) -> None:
    rows = [f"{row % 7},{row % 5},{'walk' if row < 900 else 'run'}" for row in range(1800)]
    rows[3] = rows[3].replace("3,3", "3,x")
    (tmp_path / "a.csv").write_text("\n".join(["ax,ay,label", *rows]))
    done = micronas("init", "--data", "a.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "left out, because they hold text: ay ('x')" in done.stdout
