"""The generated platform, read back by a parser that refuses what Renode's source refuses."""

from __future__ import annotations

import re
from functools import cache

import pytest

from micronas.board import Board, Core, board_names, load_board
from micronas.device.renode import require_modelled
from micronas.device.renode.platform import INSTRUCTIONS_PER_S, platform_text
from micronas.errors import DeviceError
from micronas.firmware.families import family_of
from micronas.firmware.project import make_project
from tests.support.paths import SUPPORT
from tests.support.renode_facts import CPU_TYPES
from tests.support.renode_repl import Entry, ReplError, load_platform

GOLDEN = (SUPPORT / "emulator" / "nucleo_f446re.repl").read_text(encoding="utf-8")
STM32 = [name for name in board_names() if load_board(name).family.startswith("stm32")]


@cache
def text_of(name: str) -> str:
    return platform_text(load_board(name))


def entries_of(name: str) -> dict[str, Entry]:
    return load_platform(text_of(name))


@pytest.fixture
def board() -> Board:
    return load_board("nucleo_f446re")


@pytest.mark.parametrize("name", STM32)
def test_every_board_has_a_platform_with_its_memory_to_the_byte(name: str) -> None:
    board = load_board(name)
    entries = entries_of(name)
    memories = {(n, *e.span) for n, e in entries.items() if e.type_name == "Memory.MappedMemory" and e.span}
    code = board.code_memory
    aliased = (
        {("code_memory", code.origin, code.origin + code.length)} if code and code.data_origin else set()
    )
    assert memories == {(r.name, r.origin, r.end) for r in board.regions} | aliased
    assert entries["cpu"].values["cpuType"][1] in CPU_TYPES
    assert ("dwt" in entries) == (board.core is not Core.M0PLUS)
    uart = entries[board.uart.name]
    assert uart.type_name.startswith("UART.STM32")
    base = int(family_of(board).header_values(board)["MN_UART_BASE"].rstrip("u"), 16)
    assert uart.span == (base, base + 0x400)


@pytest.mark.parametrize("name", STM32)
def test_a_counter_ticks_once_for_every_instruction(name: str) -> None:
    """Instructions reach a clock in multiples of MIPS / gcd(MIPS, 1000): 1 where MIPS divides 1000."""
    entries = entries_of(name)
    mips = entries["cpu"].values["PerformanceInMips"][1]
    counter = entries.get("dwt") or entries["tim2"]
    assert isinstance(mips, int)
    assert 1000 % mips == 0
    assert counter.values["frequency"][1] == mips * 1_000_000 == INSTRUCTIONS_PER_S
    assert entries["nvic"].values["systickFrequency"][1] == INSTRUCTIONS_PER_S


@pytest.mark.parametrize("name", STM32)
def test_an_lpuart_is_one_with_its_twenty_bit_divider(name: str) -> None:
    board = load_board(name)
    uart = entries_of(name)[board.uart.name]
    is_low_power = uart.values.get("lowPowerMode", (None, False))[1]
    assert is_low_power == board.uart.name.startswith("lpuart")


@pytest.mark.parametrize("name", STM32)
def test_every_register_that_the_firmware_names_is_there(name: str) -> None:
    board = load_board(name)
    spans = [entry.span for entry in entries_of(name).values() if entry.span]
    files = make_project({}, board).files
    unused = "mn_dwt.h" if board.core is Core.M0PLUS else "nothing"
    text = "\n".join(
        text for path, text in files.items() if path.endswith((".c", ".h")) and not path.endswith(unused)
    )
    named = re.findall(r"MN_REGISTER\((0x[0-9A-Fa-f]{8})u", text)
    named += re.findall(r"^#define \w+_(?:BASE|REGISTER) (0x[0-9A-Fa-f]{8})u$", text, re.MULTILINE)
    assert len(named) > 20
    for address in {int(text, 16) for text in named}:
        assert any(start <= address < end for start, end in spans), f"{address:#x}"


def test_the_platform_of_the_reference_board(board: Board) -> None:
    assert platform_text(board) == GOLDEN


@pytest.mark.parametrize("name", STM32)
def test_a_platform_fetches_nothing(name: str) -> None:
    assert not re.search(r"http|using|ApplySVD", text_of(name))


def test_a_core_or_uart_without_a_platform_is_refused_by_name(board: Board) -> None:
    with pytest.raises(DeviceError, match="Renode is not supported for its cortex-m55"):
        require_modelled(board.model_copy(update={"core": Core.M55}))
    with pytest.raises(DeviceError, match="Renode is not supported for the UART of family mps2"):
        require_modelled(board.model_copy(update={"family": "mps2"}))


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        ("flash: Memory", "flash Memory", 0),
        ("@ sysbus 0x20000000", "@ sysbus 0x20000000:", 0),
        ("sram: Memory", "flash: Memory", 2),
        ("Miscellaneous.DWT", "Timers.DWT", 4),
        ("<0x40004400, +0x400>", "0x40004400", 5),
        ("CortexM @ sysbus", "CortexM @ sysbus 0x0", 5),
        ('"cortex-m4f"', "4", 6),
        ("nvic: nvic", "nvic: dwt", 6),
        ("PerformanceInMips: 100", "PerformanceInMips: true", 6),
        ("    nvic: nvic\n", "    nvic: nvic\n    nvic: nvic\n", 9),
        ("PerformanceInMips", "PerformanceInMIPS", 10),
        ("-> cpu@0", "-> core@0", 11),
        ("-> cpu@0", "-> flash@0", 12),
        ("IRQ -> nvic@38", "TxIRQ -> nvic@38", 13),
        ("nvic: nvic", "nvic: irqs", 20),
        ("systickFrequency", "sysTickFrequency", 25),
        ("    frequency: 100000000\n", "", 25),
        ("    priorityMask", "   priorityMask", 32),
        ("    cpuType", "\tcpuType", 0),
        ('"cortex-m4f"', '"cortex-m4fp"', 38),
        ("size: 0x80000", "size: 0x0", 38),
        ("size: 0x20000", "size: 0x20001", 39),
        ("@ sysbus 0x20000000", "@ sysbus 0x08010000", 39),
        ("    frequency: 4294967295\n", "", 0),
        ("frequency: 4294967295", "frequency: 84000000", 0),
    ],
)
def test_a_platform_that_renode_would_refuse_or_stall_on_is_refused(
    right: str, wrong: str, code: int
) -> None:
    assert right in GOLDEN
    with pytest.raises(ReplError, match=rf"^Error E{code:02}: "):
        load_platform(GOLDEN.replace(right, wrong, 1))
