"""``bench --data`` from wav files to the device's accuracy: raw samples through the C front end in QEMU."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import micronas
from tests.support.json_page import require_documented
from tests.support.raw_words import write_raw_words


@pytest.mark.slow
@pytest.mark.emulator
def test_a_device_that_hears_wavs_answers_as_the_host(tmp_path: Path) -> None:
    pytest.importorskip("soundfile", reason="soundfile is not installed")
    words = write_raw_words(tmp_path)
    done = micronas(
        *("bench", words.model, "--board", "nucleo_f446re", "--data", words.config, "--samples", 4, "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    require_documented("bench MODEL", result, free=["regions"])
    found = result["accuracy"]
    assert (found["split"], found["samples"], found["source"]) == ("validation", 4, "emulated")
    assert found["outputs"] == {"elements": 8, "mismatches": 0}
    assert found["inputs"]["elements"] == 4 * 24 * 20
    assert found["inputs"]["most_steps"] <= 1
    assert found["confusion"]["device"] == found["confusion"]["host"]
    assert found["device"] == found["host"]
    a_frame = [counts / 24 for counts in found["front_end_counts"]]
    assert len(a_frame) == 4
    assert all(5_000 < counts < 70_000 for counts in a_frame)
