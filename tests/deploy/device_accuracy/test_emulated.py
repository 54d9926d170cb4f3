"""``bench --data`` from wav files to the device's accuracy: raw samples through the C front end in QEMU."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from micronas.board import load_board
from micronas.codegen.front_end import front_end_tables
from micronas.deploy.deployment import deploy, random_samples
from micronas.deploy.device_accuracy import run_front_end
from micronas.device.targets import Qemu
from micronas.model.front_end import FrontEnd, FrontEndFile
from micronas.trial import Source
from tests.support.command_line import micronas
from tests.support.json_page import require_documented
from tests.support.raw_words import network, write_raw_words


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


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("file", "most"),
    [
        (
            FrontEndFile(
                FrontEnd("stream", 1), "stream", (16, 1, 3), (-1.0, 1.0), "classify", ("a", "b", "c"), {}
            ),
            20_000,
        ),
        (
            FrontEndFile(
                FrontEnd("image", 1), "image", (12, 16, 3), (0.0, 1.0), "classify", ("a", "b", "c"), {}
            ),
            400_000,
        ),
    ],
    ids=["stream", "image"],
)
def test_the_time_of_an_input_is_counted_by_the_device(
    file: FrontEndFile, most: int, tmp_path: Path, firmware_cache: Path
) -> None:
    graph, board, device = network(file), load_board("nucleo_f446re"), Qemu()
    deployed = deploy(
        graph,
        board,
        random_samples(graph, 1, 0),
        device=device,
        workdir=tmp_path / "alone",
        cache_dir=firmware_cache,
    )
    found = run_front_end(
        deployed, front_end_tables(file, graph), device, workdir=tmp_path / "both", cache_dir=firmware_cache
    )
    assert found.latency.source is Source.EMULATED
    assert 1000 < found.latency.instructions < most
