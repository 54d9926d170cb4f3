"""Which device writes the board: named, there, and the only one of its name; otherwise nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micronas.board import Board
from micronas.device.ports import ListPorts, Port, gdb_port
from micronas.device.usb import BLACK_MAGIC, DFU, ListUsb, UsbDevice, serves
from micronas.errors import FlashError, WriterUnclearError

_BY_SERIAL = ("stlink", "jlink", "dfu")
_WHAT = {
    "stlink": "ST-LINK",
    "jlink": "J-Link",
    "blackmagic": BLACK_MAGIC,
    "dfu": "chip in its USB boot loader",
}


@dataclass(frozen=True)
class Writer:
    """What an uploader is told: the upload protocol, and a serial number or a port as the protocol names it.

    ``serial`` is empty only for the one device of its kind that there is, and that has none.
    """

    protocol: str
    serial: str = ""
    port: str = ""


def choose_writer(board: Board, port: Port, ports: ListPorts, usb: ListUsb) -> Writer:
    """The device that writes ``board`` behind ``port``; raises ``FlashError`` when it is not
    there, and ``WriterUnclearError`` when it is not certain which one is meant.

    The probe that has the port, or the one that ``port.writer`` names; without either there must be exactly
    one device of the right kind on the bus.
    """
    protocol = board.upload.protocol
    if protocol == "none":
        raise WriterUnclearError(
            f"board {board.name} has no way to upload (upload.protocol is none): it exists in emulators only",
            remedy="--device qemu runs it",
        )
    if protocol == "serial":
        return Writer(protocol, port=port.device)
    named = port.writer or (port.serial if serves(port.probe, protocol) else "")
    if protocol == "blackmagic":
        return _black_magic(board, port, named, ports)
    attached = usb()
    candidates = None if attached is None else [d for d in attached if serves(d.kind, protocol)]
    return Writer(protocol, serial=_serial(board, port, named, candidates))


def _serial(board: Board, port: Port, named: str, candidates: Sequence[UsbDevice] | None) -> str:
    what = _WHAT[board.upload.protocol]
    if candidates is None:  # no list of USB devices on this system: only a name is certain
        if not named:
            raise WriterUnclearError(
                f"{port} does not tell which {what} is meant", remedy="name it by --probe SERIAL"
            )
        return named
    if named:
        same = [d for d in candidates if d.serial == named]
        if len(same) > 1:
            raise WriterUnclearError(
                f"{len(same)} devices have the serial number {named}, so no uploader can tell them apart",
                remedy="unplug all but the one that is meant:" + _lines(same),
            )
        if same or (candidates == [] and serves(port.probe, board.upload.protocol)):
            return named  # the list of ports has seen a probe that the bus does not show (a container)
        raise FlashError(
            f"no {what} with serial number {named} is attached", remedy=_what_to_do(board, candidates)
        )
    if len(candidates) == 1:
        return candidates[0].serial
    if not candidates:
        raise FlashError(
            f"no {what} is attached, so {board.name} cannot be written", remedy=_what_to_do(board, ())
        )
    raise WriterUnclearError(
        f"{len(candidates)} times {what} attached and none was named", remedy=_what_to_do(board, candidates)
    )


def _black_magic(board: Board, port: Port, named: str, ports: ListPorts) -> Writer:
    """This probe is named by the port of its GDB server."""
    servers = [p for p in ports() if p.is_gdb_server]
    if named:
        server = gdb_port(port, servers)
        if server is None:
            raise FlashError(
                f"{_WHAT['blackmagic']} {named} shows no port of its GDB server",
                remedy="plug it in again; both of its ports must be there",
            )
        return Writer(board.upload.protocol, named, server.device)
    if len(servers) == 1:
        return Writer(board.upload.protocol, servers[0].serial, servers[0].device)
    kind = WriterUnclearError if servers else FlashError
    raise kind(
        f"{len(servers) or 'no'} {_WHAT['blackmagic']} attached and none was named",
        remedy="name it by --probe SERIAL" + _lines(servers),
    )


def _what_to_do(board: Board, candidates: Sequence[UsbDevice]) -> str:
    if candidates:
        return "name one by --probe SERIAL, beside --port PORT:" + _lines(candidates)
    if board.upload.protocol == "dfu":
        return f"hold BOOT0 and press reset, so that the chip shows as a {DFU} (0483:df11)"
    return "is its USB cable one that carries data? `micronas doctor` shows what is seen"


def _lines(found: Sequence[object]) -> str:
    return "".join(f"\n    {device}" for device in found)
