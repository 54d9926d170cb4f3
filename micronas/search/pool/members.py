"""The boards of a pool by their ids: serial numbers of probes, ports, or names of emulated boards."""

from __future__ import annotations

import re

from micronas.config import SearchConfig
from micronas.device.ports import choose_port
from micronas.device.targets import HARDWARE, Device, SerialBoard, make_device
from micronas.device.usb import normalise_serial
from micronas.errors import DeviceError

_PORT = re.compile(r".*/.*|COM[0-9]+", re.IGNORECASE)


def device_of(config: SearchConfig, board_id: str = "") -> Device:
    """The device of a board of the pool; without an id, the only device of the configuration."""
    if config.device != "serial" or not board_id:
        return make_device(config.device, config.probe, config.port)
    return SerialBoard(port=board_id) if is_port(board_id) else SerialBoard(probe=board_id)


def is_port(board_id: str) -> bool:
    """Whether an id is a port's name; serial numbers have no slash."""
    return _PORT.fullmatch(board_id) is not None


def members_here(config: SearchConfig) -> tuple[str, ...]:
    """The ids of a pool on this machine; empty without a pool."""
    if config.pool.emulated:
        return tuple(f"emulated-{n}" for n in range(1, config.pool.emulated + 1))
    return tuple(map(normal_id, config.pool.boards))


def normal_id(board_id: str) -> str:
    """A serial number as the system's list of ports has it; ports are unchanged."""
    return board_id if is_port(board_id) else normalise_serial(board_id)


def require_members_here(config: SearchConfig) -> None:
    """Raise ``DeviceError`` that names all boards of the pool that are not attached to this machine."""
    if config.device != "serial":
        return
    ports, missing, remedy = HARDWARE.ports(), [], ""
    for name in members_here(config):
        device = device_of(config, name)
        assert isinstance(device, SerialBoard), "a pool of serial boards"
        try:
            choose_port(ports, probe=device.probe, port=device.port)
        except DeviceError as error:
            missing.append(f"{name}: {error.message}")
            remedy = error.remedy or ""
    if missing:
        raise DeviceError(
            f"pool.boards: {'; '.join(missing)}",
            remedy=f"attach them or leave them out of pool.boards; {remedy}",
        )
