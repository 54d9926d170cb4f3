"""Class counts of a firmware in QEMU, against what the emulator's own counter says of the same ops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from micronas.board import load_board
from micronas.deploy.deployment import build, random_samples
from micronas.device import block_trace
from micronas.device.block_trace import board_accelerator, count_inference, piped
from micronas.device.client import Client
from micronas.device.qemu import QemuDevice
from micronas.device.targets import Qemu, image_for
from micronas.errors import DeviceError
from micronas.firmware import Firmware, build_firmware
from micronas.model.graph import Graph
from tests.support.random_cases import random_case

pytestmark = pytest.mark.emulator

SLOW = pytest.mark.slow
BOARDS = (
    "nucleo_f446re",
    *(pytest.param(name, marks=SLOW) for name in ("nucleo_l552ze_q", "nucleo_f103rb", "nucleo_h743zi2")),
)
CALL = 40
"""Most instructions that the firmware spends per op beside the op itself: the call and two readings."""


def network() -> Graph:
    return random_case("CONV_2D", np.random.default_rng(3))


def built(board: str, folder: Path, cache: Path) -> Firmware:
    """The network as QEMU runs it for ``board``."""
    of_board = build(network(), load_board(board), workdir=folder, cache_dir=cache)
    image = image_for(Qemu(), load_board(board), of_board.ledger)
    if image.board == of_board.firmware.board:
        return of_board.firmware
    return build_firmware(of_board.sources, image.board, workdir=folder / "twin", cache_dir=cache)


def counter_says(
    firmware: Firmware, samples: list[np.ndarray[tuple[int, ...], np.dtype[np.int8]]]
) -> list[int]:
    with QemuDevice(firmware.board, firmware.elf) as link:
        client = Client(link)

        def load() -> None:
            for index, values in enumerate(samples):
                client.load_input(index, values[0].tobytes())

        return list(client.profile(load))


@pytest.mark.parametrize("board", BOARDS)
def test_instructions_are_those_of_the_emulators_counter(
    board: str, tmp_path: Path, firmware_cache: Path
) -> None:
    firmware, samples = built(board, tmp_path, firmware_cache), random_samples(network(), 1, 0)
    counts = count_inference(firmware, samples, board_accelerator(load_board(board)))
    counted = counter_says(firmware, samples)
    assert len(counts) == len(counted)
    for one, instructions in zip(counts, counted, strict=True):
        assert 0 <= instructions - one.insn <= CALL


def test_counts_are_kept_by_build(
    tmp_path: Path, firmware_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firmware, samples = (
        built("nucleo_f446re", tmp_path / "build", firmware_cache),
        random_samples(network(), 1, 0),
    )
    accelerator = board_accelerator(firmware.board)
    first = count_inference(firmware, samples, accelerator, tmp_path / "kept")
    monkeypatch.setattr(block_trace, "QemuDevice", None)  # a second emulator would not start
    assert count_inference(firmware, samples, accelerator, tmp_path / "kept") == first


def test_an_emulator_that_never_starts_leaves_no_thread_waiting() -> None:
    with pytest.raises(DeviceError, match="no such machine"), piped(lambda log: log.read()) as (_, reading):
        raise DeviceError("no such machine")
    assert reading.wait(5.0) == b""
