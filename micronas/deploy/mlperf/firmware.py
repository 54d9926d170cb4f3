"""The firmware of a network as a device under test of MLPerf Tiny."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from micronas.board import Board
from micronas.deploy.deployment import sources_of
from micronas.deploy.mlperf.task import Encoding, MlperfTask
from micronas.device.targets import Device, DeviceImage, Renode, image_for
from micronas.errors import BudgetError, ConfigError
from micronas.firmware import Firmware, assert_same_network, build_firmware
from micronas.firmware.ledger_check import require_equal
from micronas.firmware.program import Program
from micronas.memory.ledger import Ledger, make_ledger
from micronas.memory.plan.prefer import DEFAULT_PREFER, Prefer
from micronas.model.graph import Graph

PERFORMANCE_BAUD = 115_200
ENERGY_BAUD = 9_600
_SHARED = (
    "mn_startup.c",
    "mn_fault.c",
    "mn_fault.h",
    "mn_stack.c",
    "mn_stack.h",
    "mn_port.h",
    "mn_build_id.h",
)
_INPUT_SYMBOLS = ("mlperf_buffer", "mlperf_quantized")


class RunMode(Enum):
    """How the device signals time: lines with microseconds, or pulses on a pin for an energy monitor."""

    PERFORMANCE = "performance"
    ENERGY = "energy"

    @property
    def baud(self) -> int:
        """The baud rate of the runner; energy mode uses an interface board."""
        return ENERGY_BAUD if self is RunMode.ENERGY else PERFORMANCE_BAUD


@dataclass(frozen=True)
class Sram:
    """Bytes of SRAM that the firmware uses, all of them linked.

    ``input_buffer`` is the part of ``static`` that holds the data loaded by the host; ``added`` is the
    difference to the firmware of ``bench``.
    """

    arena: int
    stack: int
    static: int
    input_buffer: int
    added: int

    @property
    def total(self) -> int:
        """All SRAM."""
        return self.arena + self.stack + self.static


@dataclass(frozen=True)
class DutFirmware:
    """The linked firmware and its reply to ``profile``.

    ``firmware``, ``sram`` and ``ledger`` are the board's; ``running`` is the firmware that runs: the same,
    that of the emulated twin, or for Renode one that reports that it is emulated.
    """

    task: MlperfTask
    mode: RunMode
    firmware: Firmware
    running: Firmware
    sram: Sram
    ledger: Ledger


def build_dut(
    graph: Graph,
    board: Board,
    task: MlperfTask,
    *,
    workdir: Path,
    cache_dir: Path | None,
    mode: RunMode = RunMode.PERFORMANCE,
    pin: str | None = None,
    device: Device | None = None,
    prefer: Prefer = DEFAULT_PREFER,
) -> DutFirmware:
    """Build ``graph`` as a device under test, with the plan that ``prefer`` asks for.

    Where that plan's arena leaves no room for the input that the runner loads, with a smaller one.
    """

    def build(ledger: Ledger, folder: Path) -> DutFirmware:
        return _build_with(
            graph, board, task, ledger, workdir=folder, cache_dir=cache_dir, mode=mode, pin=pin, device=device
        )

    ledger = make_ledger(graph, board, prefer=prefer)
    smaller = [Prefer.SRAM] if ledger.plan.grown_bytes and not ledger.plan.row_steps else []
    for other in (*smaller, *([Prefer.ROWS] if prefer is Prefer.AUTO else [])):
        try:
            return build(ledger, workdir)
        except BudgetError:
            ledger, workdir = make_ledger(graph, board, prefer=other), workdir / other.value
    return build(ledger, workdir)


def _build_with(
    graph: Graph,
    board: Board,
    task: MlperfTask,
    ledger: Ledger,
    *,
    workdir: Path,
    cache_dir: Path | None,
    mode: RunMode,
    pin: str | None,
    device: Device | None,
) -> DutFirmware:
    """Build ``graph`` for ``board`` as a device under test, and again if ``device`` runs another image.
    Without a ``device`` there is no second build. ``pin`` (such as PA8) is for energy mode.

    Raises the errors of generating and building, such as ``BudgetError`` if network and input buffer together
    exceed a memory region.
    """
    sources = sources_of(graph, ledger)

    def build(image: DeviceImage, folder: Path, *, emulated: bool = False) -> Firmware:
        uart = image.board.uart.model_copy(update={"baud": mode.baud})
        target = image.board.model_copy(update={"uart": uart})
        try:
            return build_firmware(
                sources,
                target,
                workdir=folder,
                cache_dir=cache_dir,
                program=dut_program(board, task, mode, pin, emulated=emulated),
                arena_location=image.arena_location,
            )
        except BudgetError as error:
            raise BudgetError(
                f"{error.message} (with the {task.input_bytes:,} bytes of input that the runner loads)",
                remedy=error.remedy,
            ) from error

    own = DeviceImage(board, ledger.arena_location)
    firmware = build(own, workdir)
    sram = _sram(ledger, firmware)
    image = own if device is None else image_for(device, board, ledger)
    renode = isinstance(device, Renode)
    if image == own and not renode:
        return DutFirmware(task, mode, firmware, firmware, sram, ledger)
    running = build(image, workdir / "twin", emulated=renode)
    assert_same_network(firmware.linked, running.linked)
    return DutFirmware(task, mode, firmware, running, sram, ledger)


def dut_program(
    board: Board, task: MlperfTask, mode: RunMode, pin: str | None, *, emulated: bool = False
) -> Program:
    """The program compiled around the network; raises ``ConfigError`` for an invalid pin.

    ``emulated``: the core's cycle counter counts instructions; Renode's core does not show the difference.
    """
    return Program(
        paths=("mlperf", *(f"src/{name}" for name in _SHARED)),
        headers={"mn_mlperf.h": mlperf_header(board, task, mode, pin, emulated=emulated)},
    )


def mlperf_header(
    board: Board, task: MlperfTask, mode: RunMode, pin: str | None, *, emulated: bool = False
) -> str:
    """Text of ``mn_mlperf.h``; arguments as for ``dut_program``."""
    port, number = _pin(mode, pin)
    encodings = "".join(f"#define {encoding.value} {i}\n" for i, encoding in enumerate(Encoding))
    values: Mapping[str, object] = {
        "MN_MLPERF_MODEL": f'"{task.name}"',
        "MN_MLPERF_INPUT": task.stored_as.value,
        "MN_MLPERF_INPUT_BYTES": f"{task.input_bytes}u",
        "MN_MLPERF_ERROR_SCORE": int(task.error_score),
        "MN_MLPERF_ENERGY": int(mode is RunMode.ENERGY),
        "MN_MLPERF_EMULATED": int(emulated),
        "MN_MLPERF_PIN_PORT": f"{port}u",
        "MN_MLPERF_PIN": f"{number}u",
        "MN_MLPERF_CYCLES_PER_1000_INSTRUCTIONS": f"{round(1000 * board.timing.cycles_per_instruction)}u",
    }
    lines = "".join(f"#define {name} {value}\n" for name, value in values.items())
    return (
        "/* MLPerf Tiny's task and how time is signalled; generated. */\n"
        f"#ifndef MN_MLPERF_H\n#define MN_MLPERF_H\n\n{encodings}\n{lines}\n#endif\n"
    )


def _pin(mode: RunMode, pin: str | None) -> tuple[int, int]:
    if mode is RunMode.PERFORMANCE:
        return 0, 0
    match = re.fullmatch(r"P([A-K])(\d{1,2})", pin or "")
    if match is None or int(match[2]) > 15:
        raise ConfigError(
            "energy mode signals time by pulses on a pin, and "
            + (f"{pin!r} is not a pin" if pin else "no pin was given"),
            remedy="--pin PA8, for example: D7 of a Nucleo-64's Arduino header",
        )
    return ord(match[1]) - ord("A"), int(match[2])


def _sram(ledger: Ledger, firmware: Firmware) -> Sram:
    """Raise ``BuildError`` if arena, stack or constants differ from the ledger of the same network."""
    linked = firmware.linked
    require_equal(
        {
            "arena": (ledger.arena_bytes, linked.arena),
            "stack": (ledger.sram_of("stack"), linked.stack),
            "constants": (ledger.constant_bytes, linked.constants),
        },
        "the ledger and the linker disagree",
        remedy="this is a bug in micronas: report it",
    )
    buffers = sum(s.size for s in firmware.image.symbols if s.name in _INPUT_SYMBOLS)
    return Sram(linked.arena, linked.stack, linked.static, buffers, linked.sram_bytes - ledger.sram_bytes)
