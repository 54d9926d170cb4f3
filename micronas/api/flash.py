"""``flash``: build a model, upload it to one board, and have the board say what it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from micronas.api.models import Calibration, Model, as_graph
from micronas.board import Board
from micronas.codegen.toolchain import require_gcc
from micronas.deploy.bench import COMPARED, constant_bytes, removed_text, simplified
from micronas.deploy.deployment import build, cache_folder, random_samples
from micronas.device.flash import Flashed
from micronas.device.flash import flash as flash_firmware
from micronas.device.lock import DeviceLock
from micronas.device.ports import choose_port, serial_ports
from micronas.firmware.clock_choice import board_at
from micronas.host.temporary_folder import temporary_folder
from micronas.memory.ledger import make_ledger
from micronas.memory.plan.prefer import DEFAULT_PREFER, prefer_named


def flash(
    model: Model,
    board: str | Path | Board,
    *,
    probe: str | None = None,
    port: str | None = None,
    clock_mhz: float | None = None,
    prefer: str = DEFAULT_PREFER.value,
    remove_constant_channels: bool = True,
    say: Callable[[str], None] | None = None,
    calibration: Calibration = None,
) -> Flashed:
    """Build ``model`` for ``board``, upload it, and compare the build id that the board reports.

    ``probe`` is a debug probe's serial number and ``port`` a serial port; one of them is needed where several
    are attached. ``prefer`` is the memory plan: ``auto``, ``latency``, ``sram`` or ``rows``.
    ``remove_constant_channels`` leaves out what no input can change; ``say`` gets a line about it. A float
    model is converted with ``calibration`` first. Raises ``MicronasError``, of a board that did not come back
    with this build too.
    """
    profile = board if isinstance(board, Board) else board_at(str(board), clock_mhz)
    plan, original = prefer_named(prefer), as_graph(model, calibration)
    graph = original
    if remove_constant_channels:
        graph = simplified(original, random_samples(original, COMPARED, seed=0))
    if graph is not original and say is not None:
        say(removed_text(constant_bytes(original), constant_bytes(graph)))
    target = choose_port(serial_ports(), probe=probe, port=port)
    require_gcc()
    with temporary_folder() as work:
        ledger = make_ledger(graph, profile, prefer=plan)
        built = build(graph, profile, workdir=Path(work), cache_dir=cache_folder(), ledger=ledger)
        with DeviceLock(target):
            return flash_firmware(built.firmware, target)
