"""Probes and ports, permissions to open them, and programs that hold them. Nothing is opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from micronas.cli.doctor.finding import Finding
from micronas.cli.doctor.tools import examine_uploaders
from micronas.device.ports import ListPorts, Port, holders, serial_ports
from micronas.device.usb import ListUsb, UsbDevice, usb_devices
from micronas.host.resources import resource

RULES = "70-micronas.rules"
_RULES_DIRS = tuple(Path(p) for p in ("/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d"))
_MODEM_MANAGER = "ModemManager"


def _rules_path() -> Path:
    return resource("firmware") / "udev" / RULES


def _may_open(path: str) -> bool:
    return os.name == "nt" or os.access(path, os.R_OK | os.W_OK)  # COM3 has no owner and no mode


def _group_of(path: str) -> str:
    try:
        return Path(path).group()
    except (OSError, KeyError):
        return ""


@dataclass(frozen=True)
class HostMachine:
    """The parts of the machine that are checked; tests substitute their own."""

    ports: ListPorts = serial_ports
    usb: ListUsb = usb_devices
    holders: Callable[[str], tuple[str, ...]] = holders
    may_open: Callable[[str], bool] = _may_open
    group_of: Callable[[str], str] = _group_of
    proc: Path = Path("/proc")
    rules_dirs: tuple[Path, ...] = _RULES_DIRS


def examine_hardware(machine: HostMachine | None = None) -> list[Finding]:
    """Probes, their uploaders, ports, the udev rules and ModemManager."""
    machine = machine or HostMachine()
    devices = machine.usb()
    ports = [p for p in machine.ports() if p.probe]
    kinds = (*(d.kind for d in devices or ()), *(p.probe for p in ports))
    ruled = any((folder / RULES).is_file() for folder in machine.rules_dirs)
    return [
        *_probes(devices, machine),
        *examine_uploaders(kinds),
        *_ports(ports, machine),
        _rules(ruled, attached=bool(kinds)),
        _modem_manager(machine, ruled=ruled, attached=bool(ports)),
    ]


def _probes(devices: tuple[UsbDevice, ...] | None, machine: HostMachine) -> list[Finding]:
    if devices is None:
        return [Finding("debug probes", True, "this system does not list USB devices the way Linux does")]
    if not devices:
        return [
            Finding("debug probes", True, "none attached", "plug in a board with a cable that carries data")
        ]
    return [*(_probe(device, machine) for device in devices), *_same_serials(devices)]


def _probe(device: UsbDevice, machine: HostMachine) -> Finding:
    what = f"{device.kind} {device.serial or 'without a serial number'}"
    if device.node and not machine.may_open(device.node):
        return Finding(
            what, False, f"no permission for {device.node}", _permission(machine.group_of(device.node))
        )
    return Finding(what, True, f"at USB {device.path}")


def _same_serials(devices: tuple[UsbDevice, ...]) -> list[Finding]:
    named = [(d.kind, d.serial) for d in devices if d.serial]
    return [
        Finding(
            f"{kind} {serial}",
            False,
            f"{named.count((kind, serial))} devices have this serial number",
            "an uploader cannot distinguish them: leave only one of them plugged in",
        )
        for kind, serial in sorted(set(named))
        if named.count((kind, serial)) > 1
    ]


def _ports(ports: list[Port], machine: HostMachine) -> list[Finding]:
    if not ports:
        return [
            Finding(
                "serial ports", True, "none belongs to a debug probe", "select other ports with --port PORT"
            )
        ]
    return [_port(port, machine) for port in ports]


def _port(port: Port, machine: HostMachine) -> Finding:
    if not machine.may_open(port.device):
        remedy = _permission(machine.group_of(port.device) or "dialout")
        return Finding(
            port.device, False, f"no permission for the port of {port.probe} {port.serial}", remedy
        )
    if held_by := machine.holders(port.device):
        return Finding(port.device, False, f"in use by {', '.join(held_by)}", "close it before flashing")
    return Finding(port.device, True, f"{port.probe}, serial {port.serial or 'unknown'}")


def _permission(group: str) -> str:
    """How a distribution grants access to devices; root is never needed."""
    join = f"join the group {group} (usermod --append --groups {group} USER, then log in again)"
    if group in ("", "root"):
        join = "join the group plugdev if the distribution has it"
    return f"{join}, or copy {_rules_path()} to /etc/udev/rules.d, which grants access to logged-in users"


def _rules(ruled: bool, *, attached: bool) -> Finding:
    if ruled:
        return Finding("udev rules", True, f"{RULES} is installed")
    detail = f"{RULES} is not installed" + ("" if attached else "; no probe is attached")
    return Finding(
        "udev rules", True, detail, f"copy {_rules_path()} to /etc/udev/rules.d if a probe is refused"
    )


def _modem_manager(machine: HostMachine, *, ruled: bool, attached: bool) -> Finding:
    if not _runs(machine.proc):
        return Finding(_MODEM_MANAGER, True, "does not run")
    if ruled:
        return Finding(_MODEM_MANAGER, True, f"runs, but {RULES} keeps it away from probes")
    return Finding(
        _MODEM_MANAGER,
        not attached,
        "runs, and sends AT commands to every new serial port for several seconds",
        f"copy {_rules_path()} to /etc/udev/rules.d and plug the board in again, or stop the service",
    )


def _runs(proc: Path) -> bool:
    for comm in proc.glob("[0-9]*/comm"):
        try:
            if comm.read_text(encoding="utf-8", errors="replace").strip() == _MODEM_MANAGER:
                return True
        except OSError:
            continue  # ended meanwhile
    return False
