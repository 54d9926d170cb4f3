"""Execution targets of a network: an emulated board or its twin, or a real board behind a probe or port."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from micronas.board import Board
from micronas.board.arena_location import IN_SRAM, ArenaLocation
from micronas.board.twin import has_memory, stand_in_for, twin_of
from micronas.device.flash import Access, DeviceSession, use_board
from micronas.device.link import Link
from micronas.device.ports import Port, choose_port
from micronas.device.qemu import QemuDevice, no_machine, require_qemu
from micronas.device.renode import RenodeDevice, require_modelled, require_renode
from micronas.errors import DeviceError
from micronas.firmware import Firmware
from micronas.memory.ledger import Ledger
from micronas.trial import Json

HARDWARE = Access()
"""Lists and opens this machine's boards."""

_POLL_S = 0.2
T = TypeVar("T")

DEVICES = ("qemu", "renode", "serial")


@dataclass(frozen=True)
class Qemu:
    """The board's QEMU machine."""


@dataclass(frozen=True)
class Renode:
    """Renode, on a platform generated from the board's profile."""


@dataclass(frozen=True)
class SerialBoard:
    """The board behind a debug probe (serial number) or a port; with neither, the only attached probe."""

    probe: str | None = None
    port: str | None = None


Device: TypeAlias = Qemu | Renode | SerialBoard


@dataclass(frozen=True)
class ExecutionTarget:
    """The origin of figures, shown beside them.

    ``machine`` is the emulator's, None for the board itself. ``own_chip``: it models the board's chip family.
    ``own_elf``: it ran the board's own ELF, not one of the same network for a proxy machine.
    """

    device: str
    machine: str | None
    own_chip: bool
    own_elf: bool

    def __str__(self) -> str:
        if self.machine is None:
            return "run on the board"
        if self.device == "renode":
            elf = "this board's ELF" if self.own_elf else "not this board's ELF: it is built for emulation"
            return f"emulated in Renode, on the core and UART of this board's chip; {elf}"
        if self.own_chip and not self.own_elf:
            return (
                f"emulated on {self.machine}, this board's chip family without all of its memory; not this "
                f"board's ELF: the arena is in sram"
            )
        if self.own_chip:
            return f"emulated on {self.machine}, this board's chip family; this board's ELF"
        if self.own_elf:
            return f"emulated on {self.machine}, another chip with this core; this board's ELF"
        return f"emulated on {self.machine}, a proxy for the core; not this board's ELF"

    def to_json(self) -> dict[str, Json]:
        """The object that ``bench`` and ``search`` print; its keys are stable."""
        return {
            "device": self.device,
            "machine": self.machine,
            "own_chip": self.own_chip,
            "own_elf": self.own_elf,
            "text": str(self),
        }


def make_device(name: str, probe: str | None = None, port: str | None = None) -> Device:
    """The device called ``name``; raises ``DeviceError`` for another name than ``DEVICES``."""
    match name:
        case "qemu":
            return Qemu()
        case "renode":
            return Renode()
        case "serial":
            return SerialBoard(probe, port)
    raise DeviceError(f"unknown device {name!r}", remedy=f"devices: {', '.join(DEVICES)}")


def require_device(device: Device, board: Board) -> None:
    """Raise ``ToolMissingError`` or ``DeviceError`` before the first trial."""
    match device:
        case Qemu():
            require_qemu(built_for(device, board))
        case Renode():
            require_modelled(board)
            require_renode()
        case SerialBoard(probe, port):
            choose_port(HARDWARE.ports(), probe=probe, port=port)


def built_for(device: Device, board: Board) -> Board:
    """The board whose ELF ``device`` runs for ``board``: itself, or its emulated twin."""
    match device:
        case Qemu():
            return _emulated(board, IN_SRAM)
        case Renode() | SerialBoard():
            return board


@dataclass(frozen=True)
class DeviceImage:
    """The build of a network that a device runs: the board it is linked for, and the arena's location."""

    board: Board
    arena_location: ArenaLocation


def _emulated(board: Board, arena_location: ArenaLocation) -> Board:
    """The build that QEMU runs for a network whose arena is in ``arena_location``.

    If the machine of the board's chip lacks one of several memories, the machine of its core is used.
    """
    twin = twin_of(board)
    if twin is None and arena_location.is_split and not has_memory(board, arena_location):
        return stand_in_for(board)
    return twin or board


def image_for(device: Device, board: Board, ledger: Ledger) -> DeviceImage:
    """What ``device`` runs for ``board`` of the network of ``ledger``: the board's own image if possible.

    Raises ``DeviceError`` if the arena is in memory that the emulator lacks and does not fit ``sram``.
    """
    if not isinstance(device, Qemu):
        return DeviceImage(board, ledger.arena_location)
    target = _emulated(board, ledger.arena_location)
    if has_memory(target, ledger.arena_location):
        return DeviceImage(target, ledger.arena_location)
    over = ledger.sram_bytes - board.sram_bytes
    if over > 0:
        raise DeviceError(
            f"board {board.name}: the arena of {ledger.arena_bytes:,} bytes is in {ledger.arena_location}, "
            f"which its QEMU machine does not have, and is {over:,} bytes too large for sram",
            remedy="make the arena that much smaller, or use --device renode or serial",
        )
    return DeviceImage(target, IN_SRAM)


def execution_target(
    device: Device, board: Board, arena_location: ArenaLocation = IN_SRAM
) -> ExecutionTarget:
    """The execution target of ``device`` for ``board`` and a network with its arena in ``arena_location``."""
    match device:
        case Qemu() if board.emulator is not None:
            running = _emulated(board, arena_location)
            emulator = running.emulator or board.emulator
            own_elf = running is board and has_memory(board, arena_location)
            return ExecutionTarget("qemu", emulator.machine, emulator.own_chip, own_elf)
        case Qemu():
            raise no_machine(board)
        case Renode():
            return ExecutionTarget("renode", "renode", own_chip=False, own_elf=True)
        case SerialBoard():
            return ExecutionTarget("serial", None, own_chip=True, own_elf=True)


def use_device(device: Device, firmware: Firmware, work: Callable[[Link], T]) -> DeviceSession[T]:
    """Start or flash ``firmware``, built for the board of ``built_for``, and do ``work`` over the link to it.

    If the board is lost, it is found again and the work is restarted (``flash.use_board``). An emulator is
    deterministic, so there the work is done once.
    """
    match device:
        case Qemu():
            with QemuDevice(firmware.board, firmware.elf) as link:
                return DeviceSession(work(link), ())
        case Renode():
            with RenodeDevice(firmware.board, firmware.elf) as link:
                return DeviceSession(work(link), ())
        case SerialBoard():
            return use_board(firmware, _await_board(device, HARDWARE), work, access=HARDWARE)


def _await_board(device: SerialBoard, access: Access) -> Port:
    """The board's port; waits briefly for one that is being plugged in again."""
    deadline = time.monotonic() + access.return_deadline_s
    while True:
        try:
            return choose_port(access.ports(), probe=device.probe, port=device.port)
        except DeviceError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_POLL_S)
