"""Selects the device that writes the board: named, attached and unique; otherwise nothing is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from micronas.board import Board
from micronas.device.ports import ListPorts, Port, gdb_port
from micronas.device.usb import BLACK_MAGIC, DFU, ListUsb, UsbDevice, serves
from micronas.errors import FlashError, WriterUnclearError
from micronas.host.program_output import shown

_SERIAL, _PORT = re.compile(r"[0-9A-Za-z_.-]*"), re.compile(r"[0-9A-Za-z_./:\\-]*")
_BY_SERIAL = ("stlink", "jlink", "dfu")
_WHAT = {
    "stlink": "ST-LINK",
    "jlink": "J-Link",
    "blackmagic": BLACK_MAGIC,
    "dfu": "chip in its USB boot loader",
}


@dataclass(frozen=True)
class Writer:
    """Input of an uploader: the upload protocol, and a serial number or port in the protocol's notation.

    ``serial`` is empty only if the device has none and is the only one of its kind.
    """

    protocol: str
    serial: str = ""
    port: str = ""

    def __post_init__(self) -> None:
        """Refuse what an uploader's script or PlatformIO's ini would read as more than a name."""
        for what, value, pattern in (("serial number", self.serial, _SERIAL), ("port", self.port, _PORT)):
            if not pattern.fullmatch(value):
                raise WriterUnclearError(
                    f"{what} {shown(value, 80)!r} has characters that a {what} cannot have, so it is not "
                    "passed to an uploader",
                    remedy=f"allowed characters of a {what}: {pattern.pattern}",
                )


def choose_writer(board: Board, port: Port, ports: ListPorts, usb: ListUsb) -> Writer:
    """The device that writes ``board`` behind ``port``.

    It is the probe of the port, or the one that ``port.writer`` names; without either, exactly one device of
    the right kind must be on the bus. Raises ``FlashError`` if it is missing, ``WriterUnclearError`` if the
    choice is ambiguous.
    """
    protocol = board.upload.protocol
    if protocol == "none":
        raise WriterUnclearError(
            f"board {board.name} cannot be flashed (upload.protocol is none): it exists only in emulators",
            remedy="run it with --device qemu",
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
    if candidates is None:  # this system has no list of USB devices: only a name is unambiguous
        if not named:
            raise WriterUnclearError(
                f"cannot tell from {port} which {what} to use", remedy="pass --probe SERIAL"
            )
        return named
    if named:
        same = [d for d in candidates if d.serial == named]
        if len(same) > 1:
            raise WriterUnclearError(
                f"{len(same)} devices have the serial number {named}, so an uploader cannot distinguish them",
                remedy="unplug all but one of them:" + _lines(same),
            )
        if same or (candidates == [] and serves(port.probe, board.upload.protocol)):
            return named  # the list of ports has a probe that the bus does not show (in a container)
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
        f"{len(candidates)} devices are attached ({what}) and none was selected",
        remedy=_what_to_do(board, candidates),
    )


def _black_magic(board: Board, port: Port, named: str, ports: ListPorts) -> Writer:
    """This probe is selected by the port of its GDB server."""
    servers = [p for p in ports() if p.is_gdb_server]
    if named:
        server = gdb_port(port, servers)
        if server is None:
            raise FlashError(
                f"{_WHAT['blackmagic']} {named} has no GDB server port",
                remedy="unplug it and plug it in again; both of its ports must appear",
            )
        return Writer(board.upload.protocol, named, server.device)
    if len(servers) == 1:
        return Writer(board.upload.protocol, servers[0].serial, servers[0].device)
    kind = WriterUnclearError if servers else FlashError
    raise kind(
        f"{len(servers) or 'no'} {_WHAT['blackmagic']} attached and none was selected",
        remedy="pass --probe SERIAL" + _lines(servers),
    )


def _what_to_do(board: Board, candidates: Sequence[UsbDevice]) -> str:
    if candidates:
        return "pass --probe SERIAL in addition to --port PORT:" + _lines(candidates)
    if board.upload.protocol == "dfu":
        return f"hold BOOT0 and press reset, so that the chip appears as a {DFU} (0483:df11)"
    return "check that the USB cable carries data; `micronas doctor` lists the devices found"


def _lines(found: Sequence[object]) -> str:
    return "".join(f"\n    {device}" for device in found)
