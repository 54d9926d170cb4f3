"""``micronas mlperf``: MLPerf Tiny's scripts on a board or emulator, and devices for its runner."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from micronas.cli.clock import ClockMhz, clock_remarks
from micronas.cli.options import DEFAULT_PREFER, BoardOption, PreferOption, TfliteArgument
from micronas.cli.output import console, print_json, require_effect, warn_of_open_ports
from micronas.cli.output_paths import require_writable_file, write_file
from micronas.errors import ConfigError
from micronas.host.temporary_folder import temporary_folder

if TYPE_CHECKING:
    from micronas.board import Board
    from micronas.deploy.mlperf.dut import Dut
    from micronas.deploy.mlperf.firmware import DutFirmware
    from micronas.deploy.mlperf.script import Progress
    from micronas.deploy.mlperf.task import MlperfTask
    from micronas.device.targets import Device, ExecutionTarget
    from micronas.memory.plan.prefer import Prefer
    from micronas.model.graph import Graph
    from micronas.trial import Latency

SCRIPTS = ("all", "performance", "accuracy")
DEFAULT_MODE = "performance"
PROTOCOLS = ("micronas", "mlperf-tiny")
_RULES_WINDOW_S = 10.0

Protocol = Annotated[
    str, typer.Option(help="Protocol of the firmware: micronas, or mlperf-tiny for MLPerf Tiny's runner.")
]
TaskName = Annotated[
    str | None,
    typer.Option(help="MLPerf Tiny's task: kws01, vww01, ic01, ad01, sww01. Default: by the shapes."),
]
ModeName = Annotated[
    str, typer.Option(help="Time stamps of mlperf-tiny: performance (lines) or energy (pulses on a pin).")
]
Pin = Annotated[str | None, typer.Option(help="Pin that energy mode pulses, for example PA8.")]


def mlperf(
    model: TfliteArgument,
    board: BoardOption,
    task: TaskName = None,
    data: Annotated[Path | None, typer.Option(help=".npz with x and y, for the accuracy script.")] = None,
    script: Annotated[str, typer.Option(help="all, performance or accuracy.")] = "all",
    count: Annotated[int | None, typer.Option(min=1, help="Use only the first N samples.")] = None,
    window_s: Annotated[
        float, typer.Option(min=0.01, max=3600, help="Shortest timed window, seconds.")
    ] = _RULES_WINDOW_S,
    device: Annotated[str, typer.Option(help="Where to run: qemu, renode or serial.")] = "qemu",
    probe: Annotated[str | None, typer.Option(help="Serial number of the debug probe.")] = None,
    port: Annotated[str | None, typer.Option(help="Serial port of the board.")] = None,
    prefer: PreferOption = DEFAULT_PREFER,
    clock_mhz: ClockMhz = None,
    log: Annotated[Path | None, typer.Option(help="Log everything sent and received to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run MLPerf Tiny's accuracy and performance scripts on MODEL. Not an MLPerf result."""
    from micronas.board import load_board
    from micronas.deploy.mlperf.result import MlperfResult, result_json, result_lines, source_of
    from micronas.deploy.mlperf.samples import random_load, read_files
    from micronas.deploy.mlperf.script import run_accuracy, run_performance
    from micronas.firmware.clock_choice import board_at
    from micronas.memory.plan.prefer import prefer_named

    _require_one_of("--script", script, SCRIPTS)
    require_effect(device, probe, port)
    if script == "accuracy" and data is None:
        raise ConfigError("the accuracy script needs samples", remedy="--data FILE.npz, with arrays x and y")
    plan = prefer_named(prefer, "--prefer")
    wanted = _wanted(model, board_at(board, clock_mhz), task, device, probe, port, plan)
    given = wanted.graph.tensors[wanted.graph.inputs[0]]
    files = read_files(data, wanted.task, given, count) if data else ()
    if log is not None:
        require_writable_file("--log", log)
    performance = accuracy = None
    with _device(wanted) as (built, dut):
        try:
            if script != "accuracy":
                load = files[0].loads[0] if files else random_load(wanted.task)
                performance = run_performance(dut, load, window_s=window_s, progress=_progress("window"))
            if script != "performance" and files:
                accuracy = run_accuracy(dut, wanted.task, files, _progress("file"))
            source = source_of(dut.about().counter, emulated=dut.link.emulated)
        finally:
            if log is not None:
                write_file("--log", log, "\n".join(dut.transcript) + "\n")
    modelled, why_not = _modelled(wanted, built) if performance is not None else (None, "")
    target = _execution_target(wanted, built)
    result = MlperfResult(built, target, source, performance, accuracy, modelled)
    if as_json:
        print_json(result_json(result, str(model)))
        return
    _print_device(built, load_board(board))
    print(f"{model.name} on {wanted.board.title}: {result.execution_target}")
    print("\n".join(result_lines(result)))
    if why_not:
        print(why_not)


@dataclass(frozen=True)
class Hardware:
    """A board for the build and as in its profile, and the device on which it runs."""

    board: Board
    profile: Board
    device: str
    probe: str | None
    port: str | None


def serve(
    model: Path, hardware: Hardware, *, task: str | None, mode: str, pin: str | None, prefer: Prefer
) -> None:
    """``bench`` and ``flash`` with ``--protocol mlperf-tiny``: a device for the public runner.

    A board is flashed and left running; QEMU serves a pseudo terminal until Ctrl-C.
    """
    device = hardware.device
    if device == "renode":
        raise ConfigError(
            "MLPerf Tiny's runner opens serial ports, and a UART in Renode is a TCP socket",
            remedy="--device qemu; or `micronas mlperf --device renode`, which runs the scripts itself",
        )
    wanted = _wanted(model, hardware.board, task, device, hardware.probe, hardware.port, prefer)
    with _device(wanted, mode, pin) as (built, dut):
        _print_device(built, hardware.profile)
        dut.link.close()
        rate = built.running.board.uart.baud
        print(f"{built.task.name} is available on {dut.link.name} at {rate} baud", flush=True)
        if dut.link.emulated:
            print("EMULATED: its time stamps are estimates, not measurements", flush=True)
        if device != "serial":
            print("Press Ctrl-C to stop", flush=True)
            _wait_for_interrupt()


def _wait_for_interrupt() -> None:
    try:
        signal.pause()
    except KeyboardInterrupt:
        print()


@dataclass(frozen=True)
class _Wanted:
    """The parsed and checked options of the command line."""

    board: Board
    graph: Graph
    task: MlperfTask
    device: Device
    prefer: Prefer


def _wanted(
    model: Path,
    board: Board,
    task: str | None,
    device: str,
    probe: str | None,
    port: str | None,
    prefer: Prefer,
) -> _Wanted:
    from micronas.deploy.mlperf.task import choose_task
    from micronas.device.targets import make_device
    from micronas.model.tflite import read

    where, graph = make_device(device, probe, port), read(model)
    return _Wanted(board, graph, choose_task(task, graph), where, prefer)


def _modelled(wanted: _Wanted, built: DutFirmware) -> tuple[Latency | None, str]:
    """Latency by the core's timing model, where QEMU stands in for the board; or None and the reason."""
    from micronas.deploy.deployment import cache_folder
    from micronas.deploy.modelled import modelled_alone
    from micronas.device.targets import Qemu

    if not isinstance(wanted.device, Qemu):
        return None, ""
    with temporary_folder() as work:
        return modelled_alone(wanted.graph, wanted.board, built.ledger, Path(work), cache_folder())


def _execution_target(wanted: _Wanted, built: DutFirmware) -> ExecutionTarget:
    from micronas.device.targets import execution_target

    place = execution_target(wanted.device, wanted.board, built.firmware.arena_location)
    return replace(place, own_elf=built.running is built.firmware)


@contextmanager
def _device(
    wanted: _Wanted, mode: str = DEFAULT_MODE, pin: str | None = None
) -> Iterator[tuple[DutFirmware, Dut]]:
    """Build, start or flash; the build id of the device is then verified."""
    from micronas.deploy.deployment import cache_folder, require_tools
    from micronas.deploy.mlperf.firmware import RunMode, build_dut
    from micronas.deploy.mlperf.session import open_dut
    from micronas.device.targets import Renode

    _require_one_of("--mode", mode, tuple(m.value for m in RunMode))
    require_tools(wanted.device, wanted.board)
    warn_of_open_ports("renode" if isinstance(wanted.device, Renode) else "")
    with temporary_folder() as work:
        built = build_dut(
            wanted.graph,
            wanted.board,
            wanted.task,
            workdir=Path(work),
            cache_dir=cache_folder(),
            mode=RunMode(mode),
            pin=pin,
            device=wanted.device,
            prefer=wanted.prefer,
        )
        with open_dut(wanted.device, built) as dut:
            yield built, dut


def is_mlperf_tiny(protocol: str, *, only_with_it: dict[str, bool], never_with_it: dict[str, bool]) -> bool:
    """Whether ``--protocol`` selects MLPerf Tiny's.

    Raises ``ConfigError`` for an unknown one, and for an option (name -> whether given) without effect.
    """
    _require_one_of("--protocol", protocol, PROTOCOLS)
    chosen = protocol != PROTOCOLS[0]
    idle = [option for option, given in (never_with_it if chosen else only_with_it).items() if given]
    if idle:
        raise ConfigError(
            f"{', '.join(idle)} {'has no effect' if len(idle) == 1 else 'have no effect'} "
            f"with --protocol {protocol}",
            remedy="`micronas mlperf` runs the scripts, with --data and --json"
            if chosen
            else "--protocol mlperf-tiny",
        )
    return chosen


def _require_one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"{option} {value}: unknown", remedy=f"one of {', '.join(known)}")


def _print_device(built: DutFirmware, profile: Board) -> None:
    board, sram = built.firmware.board, built.sram
    print(f"clock {board.clock.hz / 1e6:g} MHz")
    for remark in clock_remarks(board, profile):
        print(f"  {remark}")
    parts = f"arena {sram.arena:,}, stack {sram.stack:,}, static {sram.static:,}"
    print(f"SRAM {sram.total:,} bytes: {parts}")
    print(f"  {sram.input_buffer:,} of the static bytes hold the input that the host loads")
    print(f"  {sram.added:+,} bytes compared with the firmware of `micronas bench`")


def _progress(what: str) -> Progress:
    """A counter on stderr if it is a terminal."""
    err = console(stderr=True)
    if not err.is_terminal:
        return lambda done, total: None
    return lambda done, total: err.print(f"{what} {done} of {total}", end="\r" if done < total else "\n")
