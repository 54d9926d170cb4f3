"""Boards whose chip QEMU has: their own ELF counts exactly, or says that it cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from micronas.board import load_board
from micronas.deploy.measure import measure
from micronas.device.client import Client
from micronas.device.qemu import QemuDevice
from micronas.device.replies import CountedBy, Counter
from micronas.device.targets import Qemu, execution_target
from micronas.errors import DeviceError
from micronas.firmware import Firmware, build_firmware
from micronas.model.graph import DType, Graph, Op, Tensor
from tests.support.paths import FIRMWARE_MODELS

pytestmark = pytest.mark.emulator

COUNTED = (FIRMWARE_MODELS / "counted.c").read_text(encoding="utf-8")


def build(source: str, board: str, folder: Path, cache: Path) -> Firmware:
    return build_firmware({"mn_model.c": source}, load_board(board), workdir=folder, cache_dir=cache)


@pytest.mark.parametrize("name", ["netduino2", "netduinoplus2", "stm32vldiscovery"])
def test_the_board_s_own_elf_counts_executed_instructions(
    name: str, tmp_path: Path, firmware_cache: Path
) -> None:
    """counted.c runs a loop of 2 x 100,000 instructions in its first op and 2 x 200,000 in its second."""
    firmware = build(COUNTED, name, tmp_path, firmware_cache)
    place = execution_target(Qemu(), firmware.board)
    assert (place.own_chip, place.own_elf, place.machine) == (True, True, name)
    seen = set()
    for _ in range(2):
        with QemuDevice(firmware.board, firmware.elf) as link:
            client = Client(link)
            info = client.info()
            assert info.counter is Counter.INSTRUCTIONS
            systick = name == "stm32vldiscovery"
            assert info.counted_by is (CountedBy.SYSTICK if systick else CountedBy.TIM2)
            counts = client.profile(lambda: None)
            seen.add((tuple(counts), client.run()[1]))
    assert len(seen) == 1
    assert counts[1] - counts[0] == 200_000
    assert 200_000 < counts[0] < 200_050


def test_an_op_that_outlasts_a_24_bit_counter_is_refused(tmp_path: Path, firmware_cache: Path) -> None:
    """2^24 ticks at 3.072 an instruction are 5.46 million; the second op runs 6 million."""
    source = COUNTED.replace("100000", "1500000").replace("200000", "3000000")
    firmware = build(source, "stm32vldiscovery", tmp_path, firmware_cache)
    tensors = (Tensor("x", (1, 16), DType.INT8), Tensor("y", (1, 16), DType.INT8))
    graph = Graph("counted", tensors, (Op("A", (0,), (0,)), Op("B", (0,), (1,))), (0,), (1,))
    x = np.zeros((1, 16), np.int8)
    with (
        QemuDevice(firmware.board, firmware.elf) as link,
        pytest.raises(DeviceError, match="an op ran longer than the emulated counter's range"),
    ):
        measure(Client(link), graph, firmware.board, [x], [x])
