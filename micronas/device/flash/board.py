"""Firmware upload: PlatformIO's upload to one named device, verified by the board's reply.

Uploaders have reported success without writing and failure after verifying, so their exit code is only a
hint. An upload succeeded if the firmware on that probe's port replies with the build id just built.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from micronas.board import Board
from micronas.device.client import Client
from micronas.device.flash.uploaders import (
    JLINK_SCRIPT,
    can_reset,
    command,
    jlink_script,
    registry_options,
)
from micronas.device.flash.writer import Writer, choose_writer
from micronas.device.link import Link
from micronas.device.ports import ListPorts, Port, holders, serial_ports, wait_for_port
from micronas.device.replies import Info
from micronas.device.serial_link import SerialLink
from micronas.device.usb import ListUsb, usb_devices
from micronas.errors import DeviceError, FlashError
from micronas.firmware import Firmware, stage
from micronas.firmware.project import ENVIRONMENT
from micronas.firmware.run_platformio import run_platformio, wants_registry

UPLOAD_DEADLINE_S = 60.0
RETURN_DEADLINE_S = 15.0
_ANSWER_DEADLINE_S = 8.0
_SETTLE_S = 0.2


@dataclass(frozen=True)
class Flashed:
    """Evidence that a board runs a build: the port on which it replies, and its HELLO reply."""

    port: Port
    info: Info
    under_reset: bool


OpenLink = Callable[[str, int], Link]


def flash(
    firmware: Firmware,
    port: Port,
    *,
    ports: ListPorts = serial_ports,
    usb: ListUsb = usb_devices,
    open_link: OpenLink = SerialLink,
    return_deadline_s: float = RETURN_DEADLINE_S,
) -> Flashed:
    """Upload ``firmware`` to the board behind ``port`` and wait until it replies with its build id.

    A failed upload is retried under reset if the uploader supports it, which reaches a target that sleeps or
    uses its debug pins. Raises ``FlashError`` with the uploader's last output or if the device is ambiguous,
    ``ToolMissingError``, or ``DeviceError`` for a port that another program holds.
    """
    require_free(port)
    output, info = "", None
    for under_reset in _attempts(firmware.board):
        output = upload(firmware, port, under_reset=under_reset, ports=ports, usb=usb)
        info, found = answering(firmware, port, ports, open_link, return_deadline_s)
        if info is not None and info.build_id == firmware.build_id:
            return Flashed(found, info, under_reset)
    raise FlashError(_what_happened(firmware, port, info, output))


def upload(
    firmware: Firmware,
    port: Port,
    *,
    under_reset: bool,
    ports: ListPorts = serial_ports,
    usb: ListUsb = usb_devices,
) -> str:
    """One PlatformIO upload; returns its output. The exit code is unreliable and not returned.

    Raises ``FlashError`` before anything is written if the device is ambiguous.
    """
    writer = choose_writer(firmware.board, port, ports, usb)
    folder = firmware.elf.parent
    stage(firmware)
    (folder / "platformio.upload.ini").write_text(
        upload_ini(firmware.board, writer, under_reset=under_reset), encoding="utf-8"
    )
    if writer.protocol == "jlink":
        image = folder / ".pio" / "build" / ENVIRONMENT / "firmware.bin"
        (folder / JLINK_SCRIPT).write_text(jlink_script(image, under_reset=under_reset), encoding="utf-8")
    finished = run_platformio(
        folder, "--environment", ENVIRONMENT, "--target", "upload", deadline_s=UPLOAD_DEADLINE_S
    )
    return finished.output


def upload_ini(board: Board, writer: Writer, *, under_reset: bool) -> str:
    """The upload section of the project: options for the registry platform, a command for our own."""
    if wants_registry():
        lines = registry_options(writer, under_reset=under_reset)
    else:
        words = command(board, writer, under_reset=under_reset)
        lines = ["upload_protocol = custom", f"upload_command = {' '.join(map(_quoted, words))}"]
    return "\n".join([f"[env:{ENVIRONMENT}]", *lines, ""])


def require_free(port: Port) -> None:
    """Raise ``DeviceError`` that names the program that has the port open (a monitor, another search)."""
    held_by = holders(port.device)
    if held_by:
        raise DeviceError(
            f"{port.device} is in use by {', '.join(held_by)}", remedy="close it, then try again"
        )


def answering(
    firmware: Firmware, port: Port, ports: ListPorts, open_link: OpenLink, deadline_s: float
) -> tuple[Info | None, Port]:
    """The HELLO reply behind ``port``, even if the port's name changed; None if none arrives in time."""
    deadline = time.monotonic() + deadline_s
    found = wait_for_port(port, deadline_s, ports)
    while (left := deadline - time.monotonic()) > 0:
        try:
            link = open_link(found.device, firmware.board.uart.baud)
        except DeviceError:  # still re-enumerating, or ModemManager is probing it
            time.sleep(_SETTLE_S)
            continue
        try:
            return Client(link).info(min(left, _ANSWER_DEADLINE_S)), found
        except DeviceError:
            return None, found
        finally:
            link.close()
    return None, found


def _attempts(board: Board) -> tuple[bool, ...]:
    return (False, True) if can_reset(board.upload.protocol, registry=wants_registry()) else (False,)


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


def _what_happened(firmware: Firmware, port: Port, info: Info | None, output: str) -> str:
    if info is None:
        answer = "no reply on its port"
    else:
        answer = f"the board still runs build {info.build_id.hex()}, not {firmware.build_id.hex()}"
    last_words = "\n    ".join(output.strip().splitlines()[-6:])
    return f"the upload to {port} failed: {answer}. The uploader's last output:\n    {last_words}"
