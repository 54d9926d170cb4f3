"""The platform description (.repl) of a board: its core, its memories to the byte, its UART, and a DWT.

Renode ships platforms for some STM32 chips, but their memory sizes often differ from the chip's, and they
download register descriptions when they are loaded. This platform is generated from the board profile and the
firmware's sources, and needs no other file. Grammar: Renode's documentation, "Describing platforms".

Renode gives its clocks whole nanoseconds, for instructions in multiples of MIPS / gcd(MIPS, 1000): at 216
MIPS a counter would move by 27 at a time. At 100 MIPS an instruction is 10 ns, and a counter at 100 MHz
ticks once for each, whatever the chip's clock is, on which nothing that is reported depends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from micronas.board import Board, Core
from micronas.errors import DeviceError
from micronas.firmware.project import make_project

_CPU_TYPES = {
    Core.M0PLUS: "cortex-m0+",
    Core.M3: "cortex-m3",
    Core.M4F: "cortex-m4f",
    Core.M7: "cortex-m7",
    Core.M33: "cortex-m33",
}
INSTRUCTIONS_PER_S = 100_000_000
_IDLE_LINE_AT_ONCE_HZ = 0xFFFF_FFFF
"""Clock of the older USART. Its model schedules an idle-line event per received byte, a frame's time later
by this clock (8 MHz when none is given). Events that outlive a time slice pile up, and each new one is sorted
in: 32 frames in flight took 14.2 s in Renode 1.16.1, and 0.65 s with the highest clock, where none does."""
_PRIORITY_MASKS = {Core.M0PLUS: 0xC0}
_BLOCK = 0x400
_GPIO_STRIDE = 0x400
_TIM2 = 0x4000_0000
_PERIPHERALS = range(0x4000_0000, 0x6000_0000)
_DWT_ENTRY = f"dwt: Miscellaneous.DWT @ sysbus 0xE0001000\n    frequency: {INSTRUCTIONS_PER_S}"
_TIM2_ENTRY = (
    f"tim2: Timers.STM32_Timer @ sysbus {_TIM2:#010x}\n"
    f"    frequency: {INSTRUCTIONS_PER_S}\n    initialLimit: 0xFFFFFFFF"
)
_ADDRESS = re.compile(r"\b0x[0-9A-Fa-f]{8}(?=u?\b)")
_DEFINE = re.compile(r"^#define (\w+) (.+)$", re.MULTILINE)


def require_modelled(board: Board) -> None:
    """Raise ``DeviceError`` if the board's core or UART is not supported."""
    if board.core not in _CPU_TYPES:
        raise DeviceError(
            f"board {board.name}: Renode is not supported for its {board.core.value}",
            remedy=f"supported cores: {', '.join(core.value for core in _CPU_TYPES)}; or use --device qemu",
        )
    if not board.family.startswith("stm32"):
        raise DeviceError(
            f"board {board.name}: Renode is not supported for the UART of family {board.family}",
            remedy="use a profile of an STM32 board, or --device qemu",
        )


def platform_text(board: Board) -> str:
    """The .repl; raises ``DeviceError`` as ``require_modelled`` does."""
    require_modelled(board)
    header, sources = _firmware_texts(board)
    parts = [
        f"// {board.title} for Renode, generated from its profile. {board.reference}.",
        "// One tick of a counter is one executed instruction, not a cycle.",
        _cpu(board),
        _TIM2_ENTRY if _counts_with_tim2(board) else _DWT_ENTRY,
        *(_memory(region.name, region.origin, region.length) for region in board.regions),
        *_code_memory(board),
        _uart(board, header, sources),
        "// Registers that the firmware touches and that need no behaviour: plain memory.",
        *(_registers(start, length) for start, length in register_blocks(board)),
    ]
    return "\n\n".join(parts) + "\n"


def _code_memory(board: Board) -> list[str]:
    """Memory for code whose address is in no region: the same bytes as data are at another one."""
    code = board.code_memory
    if code is None or code.data_origin is None:
        return []
    return [_memory("code_memory", code.origin, code.length)]


def register_blocks(board: Board) -> list[tuple[int, int]]:
    """(origin, length) of the register blocks that the board's firmware uses, without those that Renode
    models.
    """
    header, sources = _firmware_texts(board)
    uart = _number(header, "MN_UART_BASE")
    named = {int(text, 16) for source in (*sources, header) for text in _ADDRESS.findall(source)}
    addresses = {a for a in named if a in _PERIPHERALS} | set(_gpio_ports(header, sources))
    modelled = {uart - uart % _BLOCK} | ({_TIM2} if _counts_with_tim2(board) else set())
    blocks = {a - a % _BLOCK for a in addresses} - modelled
    return _merged(blocks)


def _firmware_texts(board: Board) -> tuple[str, list[str]]:
    """The board's header and the sources of its port, with the family's drivers, as compiled."""
    files = make_project({}, board).files
    return files["include/mn_board.h"], [t for name, t in files.items() if name.startswith("port/")]


def _gpio_ports(header: str, sources: Iterable[str]) -> list[int]:
    """First register of each GPIO port with pins of the UART."""
    base = _find(header, "MN_GPIO_BASE") or next(
        (int(found[1], 16) for s in sources if (found := re.search(r"define GPIO_BASE (0x[0-9A-Fa-f]+)", s))),
        None,
    )
    if base is None:
        return []
    ports = {_number(header, "MN_UART_TX_PORT"), _number(header, "MN_UART_RX_PORT")}
    return [base + _GPIO_STRIDE * port for port in ports]


def _merged(blocks: set[int]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start in sorted(blocks):
        if merged and sum(merged[-1]) == start:
            merged[-1] = (merged[-1][0], merged[-1][1] + _BLOCK)
        else:
            merged.append((start, _BLOCK))
    return merged


def _number(header: str, name: str) -> int:
    value = _find(header, name)
    assert value is not None, f"mn_board.h has {name} for every board"
    return value


def _find(header: str, name: str) -> int | None:
    values = dict(_DEFINE.findall(header))
    return int(values[name].rstrip("u"), 0) if name in values else None


def _cpu(board: Board) -> str:
    return (
        "cpu: CPU.CortexM @ sysbus\n"
        f'    cpuType: "{_CPU_TYPES[board.core]}"\n'
        "    nvic: nvic\n"
        f"    PerformanceInMips: {INSTRUCTIONS_PER_S // 1_000_000}\n\n"
        "nvic: IRQControllers.NVIC @ sysbus 0xE000E000\n"
        f"    priorityMask: {_PRIORITY_MASKS.get(board.core, 0xF0):#04x}\n"
        f"    systickFrequency: {INSTRUCTIONS_PER_S}\n"
        "    IRQ -> cpu@0"
    )


def _counts_with_tim2(board: Board) -> bool:
    """Armv6-M has no cycle counter; its port counts with a timer."""
    return board.core is Core.M0PLUS


def _memory(name: str, origin: int, length: int) -> str:
    return f"{name}: Memory.MappedMemory @ sysbus {origin:#010x}\n    size: {length:#x}"


def _uart(board: Board, header: str, sources: list[str]) -> str:
    base, irq = _number(header, "MN_UART_BASE"), _number(header, "MN_UART_IRQ")
    name, irq_line = board.uart.name, f"    IRQ -> nvic@{irq}"
    if any("USART_ISR" in source for source in sources):  # the USART of F7 and later, and the LPUART
        low_power = "    lowPowerMode: true\n" if _find(header, "MN_UART_LOW_POWER") else ""
        return (
            f"{name}: UART.STM32F7_USART @ sysbus {base:#010x}\n"
            f"    frequency: {board.clock.hz}\n{low_power}{irq_line}"
        )
    return (
        f"{name}: UART.STM32_UART @ sysbus <{base:#010x}, +{_BLOCK:#x}>\n"
        f"    frequency: {_IDLE_LINE_AT_ONCE_HZ}\n{irq_line}"
    )


def _registers(start: int, length: int) -> str:
    return f"registers_{start:08x}: Memory.ArrayMemory @ sysbus {start:#010x}\n    size: {length:#x}"
