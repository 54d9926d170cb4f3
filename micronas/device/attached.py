"""What is attached to this machine: debug probes and serial ports, whose they are, and the likely boards.

Only looked at: nothing is opened. Ports come from pyserial, which lists them on Linux, macOS and Windows;
probes without a port are seen on Linux alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from micronas.device.lock import owner
from micronas.device.ports import ListPorts, Port, holders, serial_ports
from micronas.device.usb import ListUsb, usb_devices

_LABELS = Path("/dev/disk/by-label")
_SYSFS = Path("/sys/bus/usb/devices")
_PREFIXES = ("NODE_", "NOD_", "DIS_", "EVAL_")
"""Of the drive that an ST-LINK offers; what follows is the board's name or its beginning."""


@dataclass(frozen=True)
class Attached:
    """A probe or a port. ``boards`` are guesses, best read as "one of these"; ``held_by`` who uses it."""

    what: str
    serial: str
    port: str
    boards: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()
    is_probe: bool = True


@dataclass(frozen=True)
class Machine:
    """What is looked at; tests put their own in place."""

    ports: ListPorts = serial_ports
    usb: ListUsb = usb_devices
    holders: Callable[[str], tuple[str, ...]] = holders
    owner: Callable[[Port], str] = owner
    labels: Callable[[], dict[str, str]] = field(default=lambda: drive_labels())


def attached(board_names: Sequence[str], machine: Machine | None = None) -> list[Attached]:
    """Probes with a port first, then probes without one, then other ports."""
    machine = machine or Machine()
    ports = [port for port in machine.ports() if not port.is_gdb_server]
    probes = [port for port in ports if port.probe]
    with_port = {port.serial for port in probes}
    labels = machine.labels()
    alone = [device for device in machine.usb() or () if device.serial not in with_port]
    return [
        *(_probe(port, machine, likely_boards(labels.get(port.serial, ""), board_names)) for port in probes),
        *(Attached(device.kind, device.serial, "") for device in alone),
        *(_other(port, machine) for port in ports if not port.probe),
    ]


def likely_boards(label: str, names: Sequence[str]) -> tuple[str, ...]:
    """Boards whose name holds what a drive's label says: NOD_F446RE -> nucleo_f446re."""
    prefix = next((p for p in _PREFIXES if label.upper().startswith(p)), None)
    word = label[len(prefix) :].lower() if prefix else ""
    return tuple(name for name in names if word and word in name)


def drive_labels(labels: Path = _LABELS, usb: Path = _SYSFS) -> dict[str, str]:
    """Serial number of a probe -> label of the drive that it offers; empty where that cannot be seen."""
    if not labels.is_dir():
        return {}
    by_disk = {link.resolve().name: link.name for link in labels.iterdir()}
    found = {}
    for device in usb_devices(usb) or ():
        disks = (usb / device.path).glob("*/host*/target*/*/block/*")
        label = next((by_disk[disk.name] for disk in disks if disk.name in by_disk), "")
        if label and device.serial:
            found[device.serial] = label
    return found


def _probe(port: Port, machine: Machine, boards: tuple[str, ...]) -> Attached:
    return Attached(port.probe, port.serial, port.device, boards, _held_by(port, machine))


def _other(port: Port, machine: Machine) -> Attached:
    what = port.description if port.description not in ("", "n/a") else "serial port"
    return Attached(what, port.serial, port.device, (), _held_by(port, machine), is_probe=False)


def _held_by(port: Port, machine: Machine) -> tuple[str, ...]:
    process = machine.owner(port)
    return (f"micronas ({process})",) if process else machine.holders(port.device)
