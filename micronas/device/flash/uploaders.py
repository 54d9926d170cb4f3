"""Command lines of the uploaders for a named device; pure except for finding programs on PATH.

There are two ways to upload. PlatformIO's own platform has its uploaders and gets flags for the named device
(``registry_options``); the platform in ``firmware/platform`` gets a complete command (``command``). Neither
was tried on silicon; the options are from the tools' manuals.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from micronas.board import Board
from micronas.device.flash.writer import Writer
from micronas.errors import FlashError, ToolMissingError
from micronas.firmware.families import family_of

PROTOCOLS = ("stlink", "jlink", "blackmagic", "dfu", "serial")
FLASH_ORIGIN = "0x08000000"
JLINK_SCRIPT = "upload.jlink"
_ELF, _BIN = "$BUILD_DIR/firmware.elf", "$BUILD_DIR/firmware.bin"
_ST_VENDOR_DFU = "0483:df11"
_SWD_KHZ = "4000"
_GDBS = ("arm-none-eabi-gdb", "gdb-multiarch")


def can_reset(protocol: str, *, registry: bool) -> bool:
    """Whether the uploader can hold the chip in reset while it connects, which reaches a sleeping one.

    PlatformIO's own J-Link and Black Magic uploads do not support it; a boot loader does not need it.
    """
    return protocol == "stlink" or (protocol in ("jlink", "blackmagic") and not registry)


def registry_options(writer: Writer, *, under_reset: bool) -> list[str]:
    """Lines of the project's environment that name the device to PlatformIO's ``ststm32`` platform."""
    match writer.protocol:
        case "stlink":
            flags = _adapter(writer.serial) + _held_in_reset(under_reset)
        case "jlink":
            flags = _jlink_serial(writer.serial)
        case "dfu":
            flags = ["--serial", writer.serial] if writer.serial else []
        case "blackmagic" | "serial":
            return [f"upload_port = {writer.port}"]
        case other:
            raise _unknown(other)
    return ["upload_flags =", *(f"    {flag}" for flag in flags)] if flags else []


def command(board: Board, writer: Writer, *, under_reset: bool) -> list[str]:
    """The uploader's command line; raises ``ToolMissingError`` naming the package."""
    match writer.protocol:
        case "stlink" if shutil.which("openocd"):
            return _openocd(board, writer.serial, under_reset=under_reset)
        case "stlink" if shutil.which("st-flash"):
            return _st_flash(writer.serial, under_reset=under_reset)
        case "stlink":
            raise _missing("openocd or st-flash", "apt install openocd (or stlink-tools)")
        case "jlink":
            return _jlink(board, writer.serial)
        case "blackmagic":
            return _black_magic(writer.port, under_reset=under_reset)
        case "dfu":
            return _dfu(writer.serial)
        case "serial":
            _require("stm32flash", "apt install stm32flash")
            return ["stm32flash", "-b", "115200", "-w", _BIN, "-v", "-g", FLASH_ORIGIN, writer.port]
        case other:
            raise _unknown(other)


def jlink_script(image: Path, *, under_reset: bool) -> str:
    """J-Link Commander's commands; reset type 3 connects under reset (SEGGER UM08001)."""
    lines = ["RSetType 3"] if under_reset else []
    lines += ["connect", "r", "h", f"loadbin {image} {FLASH_ORIGIN}", f"verifybin {image} {FLASH_ORIGIN}"]
    return "\n".join([*lines, "r", "g", "exit", ""])


def _openocd(board: Board, serial: str, *, under_reset: bool) -> list[str]:
    target = family_of(board).openocd_target
    words = ["openocd", "-d1", "-f", "interface/stlink.cfg", *_adapter(serial)]
    words += ["-f", f"target/{target}.cfg", *_held_in_reset(under_reset)]
    return [*words, "-c", f"program {_ELF} verify reset exit"]


def _adapter(serial: str) -> list[str]:
    return ["-c", f"adapter serial {serial}"] if serial else []


def _held_in_reset(under_reset: bool) -> list[str]:
    return ["-c", "reset_config srst_only srst_nogate connect_assert_srst"] if under_reset else []


def _st_flash(serial: str, *, under_reset: bool) -> list[str]:
    flags = [*(["--serial", serial] if serial else []), *(["--connect-under-reset"] if under_reset else [])]
    return ["st-flash", *flags, "--reset", "write", _BIN, FLASH_ORIGIN]


def _jlink(board: Board, serial: str) -> list[str]:
    program = _require(
        ("JLinkExe", "JLink"), "install SEGGER's J-Link software from SEGGER; Debian has no package"
    )
    device = board.mcu.upper()[:11]  # J-Link's name of STM32F446RET6 is STM32F446RE
    return [
        *(program, "-NoGui", "1", "-ExitOnError", "1", *_jlink_serial(serial)),
        *(
            "-device",
            device,
            "-if",
            "SWD",
            "-speed",
            _SWD_KHZ,
            "-CommanderScript",
            f"$PROJECT_DIR/{JLINK_SCRIPT}",
        ),
    ]


def _jlink_serial(serial: str) -> list[str]:
    """J-Link's serial numbers are decimal; USB shows them with leading zeros."""
    return ["-SelectEmuBySN", serial.lstrip("0")] if serial else []


def _black_magic(port: str, *, under_reset: bool) -> list[str]:
    gdb = _require(_GDBS, "apt install gdb-multiarch")
    # Firmware 1.8 renamed connect_srst; the unknown one of the two is an error without effect.
    resets = ["monitor connect_srst enable", "monitor connect_rst enable"] if under_reset else []
    steps = [f"target extended-remote {port}", *resets, "monitor swdp_scan", "attach 1"]
    steps += ["load", "compare-sections", "kill"]
    return [gdb, "-nx", "--batch", *(word for step in steps for word in ("-ex", step)), _ELF]


def _dfu(serial: str) -> list[str]:
    _require("dfu-util", "apt install dfu-util")
    chosen = ["--serial", serial] if serial else []
    address = ["--dfuse-address", f"{FLASH_ORIGIN}:leave"]
    return ["dfu-util", "--device", _ST_VENDOR_DFU, *chosen, "--alt", "0", *address, "--download", _BIN]


def _require(programs: str | tuple[str, ...], remedy: str) -> str:
    names = (programs,) if isinstance(programs, str) else programs
    found = next((name for name in names if shutil.which(name)), None)
    if found is None:
        raise _missing(" or ".join(names), remedy)
    return found


def _missing(tool: str, remedy: str) -> ToolMissingError:
    return ToolMissingError(
        f"{tool} is not on PATH, so firmware cannot be uploaded",
        remedy=f"Debian/Ubuntu: {remedy}; or set MICRONAS_PLATFORM=ststm32",
    )


def _unknown(protocol: str) -> FlashError:
    return FlashError(
        f"unknown upload protocol {protocol!r}",
        remedy=f"supported: {', '.join(PROTOCOLS)}",
    )
