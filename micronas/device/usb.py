"""USB devices that can write a board's flash: debug probes and the chips' own boot loader.

Serial ports show only probes that have one. This list includes all of them, for example an ST-LINK/V2 without
a port and a chip in its ROM boot loader (DFU), so that an ambiguous upload can be refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BLACK_MAGIC = "Black Magic Probe"
DFU = "STM32 boot loader"
_SYSFS = Path("/sys/bus/usb/devices")
_KINDS = {
    (0x0483, 0x3748): "ST-LINK/V2",
    (0x0483, 0x374B): "ST-LINK/V2-1",
    (0x0483, 0x3752): "ST-LINK/V2-1",
    (0x0483, 0x374E): "ST-LINK/V3",
    (0x0483, 0x374F): "ST-LINK/V3",
    (0x0483, 0x3753): "ST-LINK/V3",
    (0x0483, 0x3754): "ST-LINK/V3",
    (0x0483, 0xDF11): DFU,
    (0x1D50, 0x6018): BLACK_MAGIC,
}
_SEGGER = 0x1366  # all of SEGGER's products are J-Links
_PROTOCOL_KINDS = {"stlink": "ST-LINK", "jlink": "J-Link", "blackmagic": BLACK_MAGIC, "dfu": DFU}


@dataclass(frozen=True)
class UsbDevice:
    """A device on the bus; ``path`` is its position on the bus; ``serial`` is normalised, or empty.

    ``node`` is the file that uploaders open, empty if unknown.
    """

    kind: str
    serial: str
    path: str
    node: str = ""

    def __str__(self) -> str:
        return f"{self.kind} at USB {self.path}, serial {self.serial or 'none'}"


ListUsb = Callable[[], tuple[UsbDevice, ...] | None]


def usb_devices(root: Path = _SYSFS) -> tuple[UsbDevice, ...] | None:
    """Probes and boot loaders on the bus; None if the operating system does not list them as Linux does."""
    if not root.is_dir():
        return None
    found = (_read_device(folder) for folder in sorted(root.iterdir()))
    return tuple(device for device in found if device is not None)


def probe_kind(vendor: int, product: int) -> str:
    """The kind of device of a USB id; empty for a device that cannot write a board."""
    return "J-Link" if vendor == _SEGGER else _KINDS.get((vendor, product), "")


def serves(kind: str, protocol: str) -> bool:
    """Whether a device of ``kind`` supports the board profile's upload ``protocol``."""
    wanted = _PROTOCOL_KINDS.get(protocol)
    return wanted is not None and kind.startswith(wanted)


def normalise_serial(serial: str) -> str:
    """One spelling per probe: upper-case hexadecimal.

    Old ST-LINK firmware gives twelve raw bytes instead of 24 digits, and a terminating zero may follow, raw
    or as two digits, depending on the reader.
    """
    if len(serial) in (12, 13) and not serial.strip("\0 \n").isalnum():
        return "".join(f"{ord(c) & 0xFF:02X}" for c in serial[:12])
    text = serial.rstrip("\0").strip().upper()
    return text[:24] if len(text) == 26 and text.endswith("00") else text


def _read_device(folder: Path) -> UsbDevice | None:
    try:
        vendor, product = (int((folder / name).read_text(), 16) for name in ("idVendor", "idProduct"))
        kind = probe_kind(vendor, product)
        if not kind:
            return None
        return UsbDevice(kind, _read_serial(folder / "serial"), folder.name, _node(folder))
    except (OSError, ValueError):
        return None  # an interface or a hub's port, or unplugged meanwhile


def _node(folder: Path) -> str:
    bus, number = folder / "busnum", folder / "devnum"
    if not (bus.is_file() and number.is_file()):
        return ""
    return f"/dev/bus/usb/{int(bus.read_text()):03d}/{int(number.read_text()):03d}"


def _read_serial(path: Path) -> str:
    if not path.is_file():
        return ""
    return normalise_serial(path.read_text(encoding="utf-8", errors="replace").removesuffix("\n"))
