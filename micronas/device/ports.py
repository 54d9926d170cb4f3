"""Serial ports and the debug probes behind them, identified by USB serial number.

A debug probe with a virtual serial port (ST-LINK/V2-1, V3, J-Link, Black Magic) is one USB device: its port
has the probe's serial number. That number identifies a board; port names change when a board is plugged in
again.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from serial.tools import list_ports

from micronas.device.usb import BLACK_MAGIC, normalise_serial, probe_kind
from micronas.errors import DeadlineError, DeviceError
from micronas.host.program_output import shown

_POLL_S = 0.1
_GDB_INTERFACE = 0  # of a Black Magic Probe; use its other port, which is the board's UART


@dataclass(frozen=True)
class Port:
    """A serial port. ``probe`` is the debug probe's kind, empty for anything else (modem, GPS, adapter).

    ``interface`` is the USB interface number if a device has several ports. ``writer`` is the serial number
    of the device that writes the board's flash, if the port's own device does not: a probe without a port, or
    the chip's USB boot loader.
    """

    device: str
    serial: str
    probe: str = ""
    description: str = ""
    interface: int | None = None
    writer: str = ""

    @property
    def is_gdb_server(self) -> bool:
        """Whether this is a GDB server's port and not the board's."""
        return self.probe == BLACK_MAGIC and self.interface == _GDB_INTERFACE

    def __str__(self) -> str:
        what = self.probe or self.description or "no probe"
        return shown(f"{self.device} ({what}, serial {self.serial or 'unknown'})").replace("\n", "\\n")


ListPorts = Callable[[], Sequence[Port]]


def serial_ports() -> tuple[Port, ...]:
    """All serial ports of this machine, by name."""
    found = sorted(list_ports.comports(), key=lambda p: str(p.device))
    return tuple(
        Port(
            device=p.device,
            serial=normalise_serial(p.serial_number or ""),
            probe=probe_kind(p.vid or 0, p.pid or 0),
            description=p.description or "",
            interface=_interface(p.location or ""),
        )
        for p in found
    )


def choose_port(ports: Sequence[Port], *, probe: str | None = None, port: str | None = None) -> Port:
    """The selected port; raises ``DeviceError`` that lists the available ports if the choice is ambiguous.

    ``port`` is a device name, used unchanged; ``probe`` is a serial number. Without either, there must be
    exactly one debug probe: a port that is not a probe's is never used unless named. Both together are for a
    board whose port does not belong to its probe: the probe then becomes the port's ``writer``.
    """
    if port is not None:
        return _named_port(ports, port, probe)
    probes = [p for p in ports if p.probe and not p.is_gdb_server]
    if probe is not None:
        wanted = normalise_serial(probe)
        probes = [p for p in probes if p.serial == wanted]
    if len(probes) == 1:
        return probes[0]
    raise DeviceError(_not_clear(probes, probe), remedy=_listing(ports))


def wait_for_port(wanted: Port, deadline_s: float, ports: ListPorts = serial_ports) -> Port:
    """The port of the same probe when it (re)appears, even under another name."""
    deadline = time.monotonic() + deadline_s
    while True:
        for port in ports():
            if _is_same(port, wanted) and _is_present(port.device):
                return replace(port, writer=wanted.writer)
        if not wanted.serial and _is_there(wanted.device):
            return wanted  # a port that the system does not list
        if time.monotonic() >= deadline:
            raise DeadlineError(
                f"{wanted} did not reappear within {deadline_s:g} s", remedy=_listing(list(ports()))
            )
        time.sleep(_POLL_S)


def holders(device: str, proc: Path = Path("/proc")) -> tuple[str, ...]:
    """Processes that have ``device`` open, as ``name (pid)``; empty if that cannot be determined."""
    real = os.path.realpath(device)
    found = []
    for entry in sorted(proc.glob("[0-9]*/fd")):
        try:
            held = any(os.path.realpath(fd) == real for fd in entry.iterdir())
            if held and int(entry.parent.name) != os.getpid():
                found.append(f"{(entry.parent / 'comm').read_text().strip()} ({entry.parent.name})")
        except OSError:
            continue  # ended meanwhile, or another user's
    return tuple(found)


def gdb_port(port: Port, ports: Sequence[Port]) -> Port | None:
    """The GDB server port of the Black Magic Probe of ``port``; None if it is missing."""
    serial = port.writer or port.serial
    return next((p for p in ports if p.is_gdb_server and p.serial == serial), None)


def _is_same(port: Port, wanted: Port) -> bool:
    if not wanted.serial:
        return port.device == wanted.device
    return port.serial == wanted.serial and (
        wanted.interface is None or port.interface in (None, wanted.interface)
    )


def _is_present(device: str) -> bool:
    """Whether a port that is listed can be opened yet: Linux lists some before their file is there."""
    return os.name == "nt" or os.path.exists(device)  # COM3 is no file


def _is_there(device: str) -> bool:
    """Whether ``device`` is a character device, or an address that pyserial opens (``socket://``)."""
    try:
        return "://" in device or stat.S_ISCHR(os.stat(device).st_mode)
    except OSError:
        return False


def _interface(location: str) -> int | None:
    """``1-2:1.2`` -> 2; None for a device with one interface only."""
    _, colon, interface = location.rpartition(":")
    number = interface.rpartition(".")[2]
    return int(number) if colon and number.isdigit() else None


def _named_port(ports: Sequence[Port], device: str, probe: str | None) -> Port:
    serial = normalise_serial(probe or "")
    real = os.path.realpath(device)  # of a link like /dev/serial/by-id/...
    known = next((p for p in ports if p.device == device or os.path.realpath(p.device) == real), None)
    if known is None:
        if not _is_there(device):
            what = f"{device} is not a serial port" if os.path.exists(device) else f"no port {device}"
            raise DeviceError(what, remedy=_listing(ports))
        return Port(device, "", writer=serial)
    if known.is_gdb_server:
        raise DeviceError(
            f"{device} is the GDB server of a Black Magic Probe",
            remedy="use its other port, which is the board's",
        )
    if probe is None or known.serial == serial:
        return known
    if known.probe:
        raise DeviceError(f"port {device} belongs to probe {known.serial}, not {serial}")
    return replace(known, writer=serial)


def _not_clear(probes: Sequence[Port], wanted: str | None) -> str:
    if wanted is not None:
        serial = normalise_serial(wanted)
        if probes:
            return f"{len(probes)} ports have the serial number {serial}"
        return f"no debug probe with serial number {serial} that has its own port is attached"
    if not probes:
        return "no debug probe with a virtual serial port is attached"
    return f"{len(probes)} debug probes are attached and none was selected"


def _listing(ports: Sequence[Port]) -> str:
    if not ports:
        return "this machine has no serial port; check that the USB cable carries data"
    return "select one with --probe SERIAL or --port PORT:\n    " + "\n    ".join(map(str, ports))
