"""Where a network runs: the emulated board, or a real one behind a named probe or port."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias

from micronas.board import Board
from micronas.build import Firmware
from micronas.device.board_link import BoardLink
from micronas.device.link import Link
from micronas.device.ports import choose_port, serial_ports
from micronas.device.qemu import QemuDevice, require_qemu
from micronas.errors import DeviceError
from micronas.flash import flash

DEVICES = ("qemu", "serial")


@dataclass(frozen=True)
class Qemu:
    """The board's QEMU machine."""


@dataclass(frozen=True)
class SerialBoard:
    """The board behind a debug probe (serial number) or a port; with neither, the only probe there is."""

    probe: str | None = None
    port: str | None = None


Device: TypeAlias = Qemu | SerialBoard


def make_device(name: str, probe: str | None = None, port: str | None = None) -> Device:
    """The device called ``name``; raises ``DeviceError`` for another name than ``DEVICES``."""
    match name:
        case "qemu":
            return Qemu()
        case "serial":
            return SerialBoard(probe, port)
    raise DeviceError(f"unknown device {name!r}", remedy=f"devices: {', '.join(DEVICES)}")


def require_device(device: Device, board: Board) -> None:
    """Raise ``ToolMissingError`` or ``DeviceError`` now rather than in the first trial."""
    match device:
        case Qemu():
            require_qemu(board)
        case SerialBoard(probe, port):
            choose_port(serial_ports(), probe=probe, port=port)


def open_device(device: Device, board: Board, firmware: Firmware) -> AbstractContextManager[Link]:
    """Start or flash ``firmware`` and give the link to it."""
    match device:
        case Qemu():
            return QemuDevice(board, firmware.elf)
        case SerialBoard(probe, port):
            target = choose_port(serial_ports(), probe=probe, port=port)
            return BoardLink(board, flash(firmware, target).port)
