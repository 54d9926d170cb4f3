"""``micronas data``: one report of everything, and an exit code that says whether figures would mislead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import micronas, refused
from tests.support.recordings import write_words

pytest.importorskip("soundfile", reason="soundfile is not installed")

CONFIG = "data: {name: audio_folder, path: words, options: {clip_s: 0.5}}\n"


def test_a_good_set_a_page_and_a_picture(tmp_path: Path) -> None:
    write_words(tmp_path / "words", per_class=40, speakers=40)
    (tmp_path / "a.yaml").write_text(CONFIG)
    done = micronas("data", "a.yaml", "--out", "seen", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("80 of 24 x 40 x 1 (spectrogram)", "majority baseline  50.0 %", "No problems were found."):
        assert words in done.stdout
    assert (tmp_path / "seen" / "data.html").stat().st_size > 10_000
    assert (tmp_path / "seen" / "samples.png").read_bytes().startswith(b"\x89PNG")


def test_every_damaged_file_and_every_leak_in_one_report(tmp_path: Path) -> None:
    root = write_words(tmp_path / "words", per_class=24)
    for i in range(12):
        (root / "low" / f"amy{i % 6}_{i}.wav").write_bytes(b"")
    for i in range(8):
        (root / "high" / f"copy_{i}.wav").write_bytes((root / "high" / "amy0_0.wav").read_bytes())
    (tmp_path / "a.yaml").write_text(CONFIG)
    done = micronas("data", "a.yaml", "--json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    found = {finding["topic"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert all(f"low/amy{i % 6}_{i}.wav (empty file)" in found["damaged files"]["text"] for i in range(12))
    assert "high/amy0_0.wav (high, " in found["leakage"]["text"]
    assert found["leakage"]["weight"] == "problem"


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(CONFIG)
    refused(micronas("data", "a.yaml", cwd=tmp_path), "no such folder: words")
    refused(micronas("data", "b.yaml", cwd=tmp_path), "configuration not found: b.yaml")
