"""Serial ports and the debug probes behind them, told apart by USB serial number.

A debug probe with a virtual serial port (ST-LINK/V2-1, V3, J-Link, Black Magic) is one USB device: its port
carries the probe's serial number. That number, not the port's name, is a board's identity: names change when
a board is plugged in again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports

from micronas.errors import DeadlineError, DeviceError

# USB vendor and product ids of probes that have a virtual serial port
_PROBES = {
    (0x0483, 0x374B): "ST-LINK/V2-1",
    (0x0483, 0x3752): "ST-LINK/V2-1",
    (0x0483, 0x374E): "ST-LINK/V3",
    (0x0483, 0x374F): "ST-LINK/V3",
    (0x0483, 0x3753): "ST-LINK/V3",
    (0x0483, 0x3754): "ST-LINK/V3",
    (0x1366, 0x0105): "J-Link",
    (0x1366, 0x1024): "J-Link",
    (0x1D50, 0x6018): "Black Magic Probe",
}
_POLL_S = 0.1


@dataclass(frozen=True)
class Port:
    """A serial port. ``probe`` is the debug probe's kind, empty for anything else (modem, GPS, adapter)."""

    device: str
    serial: str
    probe: str = ""
    description: str = ""

    def __str__(self) -> str:
        what = self.probe or self.description or "no probe"
        return f"{self.device} ({what}, serial {self.serial or 'unknown'})"


ListPorts = Callable[[], Sequence[Port]]


def serial_ports() -> tuple[Port, ...]:
    """All serial ports of this machine, by name."""
    found = sorted(list_ports.comports(), key=lambda p: str(p.device))
    return tuple(
        Port(
            device=p.device,
            serial=normalise_serial(p.serial_number or ""),
            probe=_PROBES.get((p.vid or 0, p.pid or 0), ""),
            description=p.description or "",
        )
        for p in found
    )


def normalise_serial(serial: str) -> str:
    """One spelling per probe: upper-case hexadecimal.

    Old ST-LINK firmware gives twelve raw bytes instead of 24 digits, and a terminating zero may come along,
    raw or as two digits, depending on who reads it.
    """
    text = serial.rstrip("\0").strip()
    if len(text) in (12, 13) and not text.isalnum():
        text = "".join(f"{ord(c) & 0xFF:02X}" for c in text)
    text = text.upper()
    return text[:24] if len(text) == 26 and text.endswith("00") else text


def choose_port(ports: Sequence[Port], *, probe: str | None = None, port: str | None = None) -> Port:
    """The one port that is meant; raises ``DeviceError`` listing what there is when that is not clear.

    ``port`` names a device and is taken as it is, ``probe`` a serial number. Without either there must be
    exactly one debug probe: an unnamed port that is no probe is never touched.
    """
    if port is not None:
        return _named_port(ports, port, probe)
    probes = [p for p in ports if p.probe]
    if probe is not None:
        wanted = normalise_serial(probe)
        probes = [p for p in probes if p.serial == wanted]
    if len(probes) == 1:
        return probes[0]
    raise DeviceError(_not_clear(probes, probe), remedy=_listing(ports))


def wait_for_port(wanted: Port, deadline_s: float, ports: ListPorts = serial_ports) -> Port:
    """The port of the same probe once it is there (again), whatever its name is by then."""
    deadline = time.monotonic() + deadline_s
    while True:
        for port in ports():
            same = port.serial == wanted.serial if wanted.serial else port.device == wanted.device
            if same and os.path.exists(port.device):
                return port
        if time.monotonic() >= deadline:
            raise DeadlineError(
                f"{wanted} did not come back within {deadline_s:g} s", remedy=_listing(list(ports()))
            )
        time.sleep(_POLL_S)


def holders(device: str, proc: Path = Path("/proc")) -> tuple[str, ...]:
    """Processes that have ``device`` open, as ``name (pid)``; empty where that cannot be told."""
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


def _named_port(ports: Sequence[Port], device: str, probe: str | None) -> Port:
    known = next((p for p in ports if p.device == device), None)
    if known is None:
        if not os.path.exists(device) and "://" not in device:
            raise DeviceError(f"there is no port {device}", remedy=_listing(ports))
        return Port(device, normalise_serial(probe or ""))
    if probe is not None and known.probe and known.serial != normalise_serial(probe):
        raise DeviceError(f"port {device} belongs to probe {known.serial}, not {normalise_serial(probe)}")
    return known


def _not_clear(probes: Sequence[Port], wanted: str | None) -> str:
    if wanted is not None:
        return f"no debug probe with serial number {normalise_serial(wanted)} is attached"
    if not probes:
        return "no debug probe with a virtual serial port is attached"
    return f"{len(probes)} debug probes are attached and none was named"


def _listing(ports: Sequence[Port]) -> str:
    if not ports:
        return "this machine has no serial port at all; is the USB cable one that carries data?"
    return "name one by --probe SERIAL or --port PORT:\n    " + "\n    ".join(map(str, ports))
