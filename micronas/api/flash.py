"""``flash``: build a model, upload it to one board, and have the board say what it runs."""

from __future__ import annotations

from pathlib import Path

from micronas.api.models import Calibration, Model, as_graph
from micronas.board import Board
from micronas.codegen.toolchain import require_gcc
from micronas.deploy.deployment import build, cache_folder
from micronas.device.flash import Flashed
from micronas.device.flash import flash as flash_firmware
from micronas.device.lock import DeviceLock
from micronas.device.ports import choose_port, serial_ports
from micronas.firmware.clock_choice import board_at
from micronas.host.temporary_folder import temporary_folder


def flash(
    model: Model,
    board: str | Path | Board,
    *,
    probe: str | None = None,
    port: str | None = None,
    clock_mhz: float | None = None,
    calibration: Calibration = None,
) -> Flashed:
    """Build ``model`` for ``board``, upload it, and compare the build id that the board reports.

    ``probe`` is a debug probe's serial number and ``port`` a serial port; one of them is needed where several
    are attached. A float model is converted with ``calibration`` first. Raises ``MicronasError``, of a board
    that did not come back with this build too.
    """
    profile = board if isinstance(board, Board) else board_at(str(board), clock_mhz)
    graph = as_graph(model, calibration)
    target = choose_port(serial_ports(), probe=probe, port=port)
    require_gcc()
    with temporary_folder() as work:
        built = build(graph, profile, workdir=Path(work), cache_dir=cache_folder())
        with DeviceLock(target):
            return flash_firmware(built.firmware, target)
