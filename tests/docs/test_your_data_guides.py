"""The guides to one's data, followed word by word from an empty folder: every command, with small budgets.

The test makes the data that a reader brings, writes the section ``data`` that the guide shows, gives
``micronas search`` one trial of three epochs and a small network, without a device, and ``micronas bench``
four samples in QEMU.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.support.command_line import micronas
from tests.support.json_page import require_documented
from tests.support.paths import REPOSITORY
from tests.support.recordings import tone, write_activities, write_audio

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.timeout(900)]

QUICK_SEARCH = (
    *("--trials", "1", "--device", "none"),
    *("--set", "estimator.epochs=3", "--set", "final_fit.epochs=3", "--set", "workers=1"),
    *(
        "--set",
        "estimator.batch_size=4",
        "--set",
        "constraints.flash_kb=40",
        "--set",
        "constraints.sram_kb=24",
    ),
)


QUICK = {"search": QUICK_SEARCH, "bench": ("--count", "1", "--samples", "4", "--json")}


def on_device(printed: str) -> None:
    """Raw samples went through the C front end, and every output is the host's."""
    result = json.loads(printed)
    require_documented("bench MODEL", result, free=["regions"])
    found = result["accuracy"]
    assert (found["split"], found["samples"], found["source"]) == ("validation", 4, "emulated")
    assert found["outputs"] == {"elements": 8, "mismatches": 0}
    assert found["why_features"] is None
    assert found["inputs"]["most_steps"] <= 1
    assert found["inputs"]["differing"] < 0.002 * found["inputs"]["elements"]
    assert sum(map(sum, found["confusion"]["device"])) == 4
    assert all(counts > 1000 for counts in found["front_end_counts"])


def recordings(here: Path) -> None:
    pytest.importorskip("soundfile", reason="soundfile is not installed")
    speakers = ("anna", "ben", "cleo", "dora", "emil", "fay", "gus", "hal")
    for number, (word, hz) in enumerate((("yes", 1800.0), ("no", 500.0))):
        for i in range(48):
            signal = tone(hz * (1 + 0.01 * i), 16_000, 0.8, seed=100 * number + i)
            write_audio(here / "words" / word / f"{speakers[i % 8]}_{i}.wav", signal, 16_000)


def streams(here: Path) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    write_activities(here / "motion.csv", subjects=8, rows=600)


def pictures(here: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    rng = np.random.default_rng(0)
    scenes = ("hall", "yard", "room", "path", "road", "shed", "wood", "lake")
    for label in ("person", "empty"):
        (here / "photos" / label).mkdir(parents=True)
        for i in range(48):
            pixels = rng.integers(0, 90, (60, 80, 3), dtype=np.uint8)
            if label == "person":
                pixels[10:50, 30 + i % 8 : 50 + i % 8] += 150
            image.fromarray(pixels).save(here / "photos" / label / f"{scenes[i % 8]}_{i}.png")


def guide(name: str) -> str:
    return (REPOSITORY / "docs" / "guides" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "stem", "make"),
    [
        ("your_wavs", "words", recordings),
        ("your_csv", "motion", streams),
        ("your_pictures", "photos", pictures),
    ],
)
def test_the_guide_leads_from_an_empty_folder_to_c(
    tmp_path: Path, name: str, stem: str, make: Callable[[Path], None]
) -> None:
    make(tmp_path)
    text = guide(name)
    (section,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    commands = re.findall(r"^ {4}micronas (.+)$", text, re.MULTILINE)
    verbs = ["init", "data", "search", "show", "report", "bench", "export"]
    assert [words.split()[0] for words in commands] == verbs
    for command in commands:
        words = shlex.split(command)
        done = micronas(*words, *QUICK.get(words[0], ()), cwd=tmp_path, timeout_s=600)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if words[0] == "init":
            config = yaml.safe_load((tmp_path / f"{stem}.yaml").read_text())
            (tmp_path / f"{stem}.yaml").write_text(yaml.safe_dump({**config, **yaml.safe_load(section)}))
        if words[0] == "bench":
            on_device(done.stdout)
        if words[0] == "search":
            for row in ("accuracy, int8, test", "validation - test", "weakest class, test"):
                assert row in done.stdout
    assert (tmp_path / "seen" / "data.html").is_file()
    assert list((tmp_path / "library").rglob("*.c"))
    labels = (tmp_path / "runs" / f"{stem}-1" / "best" / "labels.txt").read_text().split()
    assert len(labels) == 2
