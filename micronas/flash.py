"""Firmware onto a board: PlatformIO's upload to one named probe, believed only when the board answers.

Uploaders have reported success without writing and failure after verifying, so their exit code is a hint:
what counts is that the firmware on the other end of that probe's port answers with the build id just built.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass

from micronas.board import Board
from micronas.build import Firmware
from micronas.build.families import family_of
from micronas.build.run_platformio import run_platformio, wants_registry
from micronas.device.client import Client
from micronas.device.link import Link
from micronas.device.ports import ListPorts, Port, holders, serial_ports, wait_for_port
from micronas.device.replies import Info
from micronas.device.serial_link import SerialLink
from micronas.errors import DeviceError, FlashError, ToolMissingError

UPLOAD_DEADLINE_S = 120.0
RETURN_DEADLINE_S = 15.0
_ANSWER_DEADLINE_S = 8.0
_SETTLE_S = 0.2
_FLASH_ORIGIN = "0x08000000"


@dataclass(frozen=True)
class Flashed:
    """Proof that a board runs a build: the port it answers on and what it said."""

    port: Port
    info: Info
    under_reset: bool


OpenLink = Callable[[str, int], Link]


def flash(
    firmware: Firmware,
    port: Port,
    *,
    ports: ListPorts = serial_ports,
    open_link: OpenLink = SerialLink,
    return_deadline_s: float = RETURN_DEADLINE_S,
) -> Flashed:
    """Upload ``firmware`` to the probe behind ``port`` and wait until it answers with its build id.

    A failed upload is tried once more under reset, which wakes a target that sleeps or has its debug pins in
    use. Raises ``FlashError`` with the uploader's last words, ``ToolMissingError``, or ``DeviceError`` for a
    port that somebody else holds.
    """
    require_free(port)
    output = ""
    for under_reset in (False, True):
        output = upload(firmware, port, under_reset=under_reset)
        info, found = _proof(firmware, port, ports, open_link, return_deadline_s)
        if info is not None and info.build_id == firmware.build_id:
            return Flashed(found, info, under_reset)
    raise FlashError(_what_happened(firmware, port, info, output))


def upload(firmware: Firmware, port: Port, *, under_reset: bool) -> str:
    """One PlatformIO upload; returns what it printed. Its exit code is not believed, so it is not told."""
    folder = firmware.elf.parent
    (folder / "platformio.upload.ini").write_text(
        upload_ini(firmware.board, port.serial, under_reset=under_reset), encoding="utf-8"
    )
    finished = run_platformio(
        folder, "--environment", firmware.board.name, "--target", "upload", deadline_s=UPLOAD_DEADLINE_S
    )
    return finished.output


def upload_ini(board: Board, serial: str, *, under_reset: bool) -> str:
    """The upload's part of the project: the registry platform gets flags, our own a command."""
    head = f"[env:{board.name}]\n"
    if wants_registry():
        flags = _probe_flags(serial, under_reset=under_reset)
        return head + "upload_flags =\n" + "".join(f"    {flag}\n" for flag in flags)
    words = upload_command(board, serial, under_reset=under_reset)
    return f"{head}upload_protocol = custom\nupload_command = {' '.join(map(_quoted, words))}\n"


def upload_command(board: Board, serial: str, *, under_reset: bool) -> list[str]:
    """The uploader's command line for our own platform; raises ``ToolMissingError`` naming the package."""
    protocol = board.upload.protocol
    image = f"$BUILD_DIR/firmware.{'elf' if protocol == 'stlink' else 'bin'}"
    match protocol:
        case "stlink" if shutil.which("openocd"):
            return _openocd(board, serial, image, under_reset=under_reset)
        case "stlink" if shutil.which("st-flash"):
            return _st_flash(serial, under_reset=under_reset)
        case "stlink":
            raise _missing("openocd or st-flash", "openocd (or stlink-tools)")
        case "dfu":
            if not shutil.which("dfu-util"):
                raise _missing("dfu-util", "dfu-util")
            chosen = ["--serial", serial] if serial else []
            return ["dfu-util", "--device", "0483:df11", *chosen, "--alt", "0", *_dfu_image(image)]
    raise FlashError(
        f"board {board.name}: upload by {protocol!r} needs PlatformIO's own platform",
        remedy="set MICRONAS_PLATFORM=ststm32, or upload firmware.elf by hand",
    )


def require_free(port: Port) -> None:
    """Raise ``DeviceError`` naming the program that has the port open: a monitor, another search."""
    held_by = holders(port.device)
    if held_by:
        raise DeviceError(
            f"{port.device} is in use by {', '.join(held_by)}", remedy="close it, then try again"
        )


def _openocd(board: Board, serial: str, image: str, *, under_reset: bool) -> list[str]:
    words = ["openocd", "-d1", "-f", "interface/stlink.cfg"]
    words += _probe_flags(serial, under_reset=False)
    words += ["-f", f"target/{family_of(board).openocd_target}.cfg"]
    words += _probe_flags("", under_reset=under_reset)
    return [*words, "-c", f"program {image} verify reset exit"]


def _probe_flags(serial: str, *, under_reset: bool) -> list[str]:
    flags = ["-c", f"adapter serial {serial}"] if serial else []
    return flags + (["-c", "reset_config srst_only srst_nogate connect_assert_srst"] if under_reset else [])


def _st_flash(serial: str, *, under_reset: bool) -> list[str]:
    flags = [*(["--serial", serial] if serial else []), *(["--connect-under-reset"] if under_reset else [])]
    return ["st-flash", *flags, "--reset", "write", "$BUILD_DIR/firmware.bin", _FLASH_ORIGIN]


def _dfu_image(image: str) -> list[str]:
    return ["--dfuse-address", f"{_FLASH_ORIGIN}:leave", "--download", image]


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


def _missing(tool: str, package: str) -> ToolMissingError:
    return ToolMissingError(
        f"{tool} is not on PATH: nothing can be uploaded",
        remedy=f"Debian/Ubuntu: apt install {package}; or set MICRONAS_PLATFORM=ststm32",
    )


def _proof(
    firmware: Firmware, port: Port, ports: ListPorts, open_link: OpenLink, deadline_s: float
) -> tuple[Info | None, Port]:
    """What answers on the probe's port after an upload; None when nothing does before the deadline."""
    deadline = time.monotonic() + deadline_s
    found = wait_for_port(port, deadline_s, ports)
    while (left := deadline - time.monotonic()) > 0:
        try:
            link = open_link(found.device, firmware.board.uart.baud)
        except DeviceError:  # still re-enumerating, or ModemManager has a look at it
            time.sleep(_SETTLE_S)
            continue
        try:
            return Client(link).info(min(left, _ANSWER_DEADLINE_S)), found
        except DeviceError:
            return None, found
        finally:
            link.close()
    return None, found


def _what_happened(firmware: Firmware, port: Port, info: Info | None, output: str) -> str:
    if info is None:
        answer = "nothing answers on its port"
    else:
        answer = f"the board still runs build {info.build_id.hex()}, not {firmware.build_id.hex()}"
    last_words = "\n    ".join(output.strip().splitlines()[-6:])
    return f"the upload to {port} did not work: {answer}. The uploader's last words:\n    {last_words}"
