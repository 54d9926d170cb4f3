"""The time of a front end in QEMU. For its accuracy there see tests/docs/test_your_data_guides.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.board import load_board
from micronas.codegen.front_end import front_end_tables
from micronas.deploy.deployment import deploy, random_samples
from micronas.deploy.device_accuracy import run_front_end
from micronas.device.targets import Qemu
from micronas.model.front_end import FrontEnd, FrontEndFile, Micro
from micronas.trial import Source
from tests.support.raw_words import network


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
        (
            FrontEndFile(
                Micro(8000, 240, 160, 20, 125.0, 3750.0).front_end,
                *("spectrogram", (24, 20, 1), (0.0, 26.0), "classify", ("a", "b", "c"), {}),
            ),
            24 * 60_000,
        ),
    ],
    ids=["stream", "image", "micro"],
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
