"""Arm's MPS2 and MPS3 FPGA images, as QEMU emulates them: the machines that twins run on."""

from __future__ import annotations

from micronas.board import Board
from micronas.board.twin import FAMILY as NAME
from micronas.board.twin import MACHINES
from micronas.errors import BoardError
from micronas.firmware.families.family import Family


def header_values(board: Board) -> dict[str, str]:
    """The machine's constants of ``mn_board.h``; raises ``BoardError`` for an unknown machine."""
    machine = MACHINES.get(board.emulator.machine) if board.emulator else None
    if machine is None:
        raise BoardError(
            f"board {board.name}: family {NAME} needs an `emulator`",
            remedy=f"machines: {', '.join(MACHINES)}",
        )
    ratio = machine.ticks_per_instruction
    return {
        "MN_MPS2_HZ": f"{machine.clock_hz}u",
        "MN_UART_BASE": f"{machine.uart:#x}u",
        "MN_UART_IRQ": str(machine.uart_irq),
        "MN_UART_APB_SHIFT": "0",
        "MN_COUNTER_REGISTER": f"{machine.counter:#x}u",
        "MN_RATIO_TICKS": f"{ratio.numerator}u",
        "MN_RATIO_INSTRUCTIONS": f"{ratio.denominator}u",
    }


FAMILY = Family(
    name=NAME, drivers=(), openocd_target="", header_values=header_values, min_wait_states=lambda _: 0
)
