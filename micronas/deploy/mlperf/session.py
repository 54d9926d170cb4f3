"""A running device under test: in QEMU or Renode, or on a board that was just flashed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from micronas.deploy.mlperf.dut import About, Dut
from micronas.deploy.mlperf.firmware import DutFirmware
from micronas.device.flash import require_free, upload
from micronas.device.link import Link
from micronas.device.lock import LOCKS_DIR, DeviceLock
from micronas.device.ports import ListPorts, Port, choose_port, serial_ports, wait_for_port
from micronas.device.qemu import QemuDevice
from micronas.device.renode import RenodeDevice
from micronas.device.serial_link import SerialLink
from micronas.device.targets import Device, Qemu, Renode, SerialBoard
from micronas.errors import DeviceError, FlashError, ProtocolError

RETURN_DEADLINE_S = 15.0
_SETTLE_S = 0.2


@contextmanager
def open_dut(
    device: Device,
    built: DutFirmware,
    *,
    ports: ListPorts = serial_ports,
    locks_dir: Path = LOCKS_DIR,
) -> Iterator[Dut]:
    """Start or flash ``built`` and return the device after verifying its build."""
    match device:
        case Qemu() | Renode():
            emulator = QemuDevice if isinstance(device, Qemu) else RenodeDevice
            with emulator(built.running.board, built.running.elf, answers=_answers) as link:
                dut = Dut(link)
                require_build(dut, built)
                yield dut
        case SerialBoard(probe, port):
            target = choose_port(ports(), probe=probe, port=port)
            with DeviceLock(target, locks_dir):
                found = flash_dut(built, target, ports=ports)
                with SerialLink(found.device, built.running.board.uart.baud) as link:
                    dut = Dut(link)
                    dut.synchronise()
                    require_build(dut, built)
                    yield dut


def require_build(dut: Dut, built: DutFirmware) -> About:
    """Raise ``ProtocolError`` unless the device reports this build, this board and this task."""
    about = dut.about()
    board = built.running.board.name
    expected = {
        "build": (built.running.build_id.hex(), about.build_id),
        "board": (board, about.board),
        "model": (built.task.name, about.model),
    }
    wrong = [f"{what} is {got!r}, not {want!r}" for what, (want, got) in expected.items() if got != want]
    if not about.name.startswith(f"micronas {board}"):
        wrong.append(f"name is {about.name!r}")
    if wrong:
        raise ProtocolError(f"{dut.link.name}: another device replied: {'; '.join(wrong)}")
    return about


def flash_dut(
    built: DutFirmware,
    port: Port,
    *,
    ports: ListPorts = serial_ports,
    return_deadline_s: float = RETURN_DEADLINE_S,
) -> Port:
    """Upload to the probe behind ``port``, again under reset if needed; returns the port on which it replies.

    Success is verified by the build id that the firmware reports, not by the uploader's exit code. Raises
    ``FlashError``.
    """
    require_free(port)
    problem: DeviceError | None = None
    output = ""
    for under_reset in (False, True):
        output = upload(built.running, port, under_reset=under_reset)
        found = wait_for_port(port, return_deadline_s, ports)
        try:
            _prove(built, found, return_deadline_s)
        except DeviceError as error:
            problem = error
        else:
            return found
    last_words = "\n    ".join(output.strip().splitlines()[-6:])
    raise FlashError(f"the upload to {port} failed: {problem}. The uploader's last output:\n    {last_words}")


def _prove(built: DutFirmware, port: Port, deadline_s: float) -> None:
    with _opened(port, built.running.board.uart.baud, deadline_s) as link:
        dut = Dut(link)
        dut.synchronise(deadline_s)
        require_build(dut, built)


def _opened(port: Port, baud: int, deadline_s: float) -> SerialLink:
    """The port may still be re-enumerating, or another program may be probing it: try until the deadline."""
    deadline = time.monotonic() + deadline_s
    while True:
        try:
            return SerialLink(port.device, baud)
        except DeviceError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_SETTLE_S)


def _answers(link: Link, deadline_s: float) -> None:
    Dut(link).synchronise(deadline_s)
