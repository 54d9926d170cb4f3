"""``micronas bench``: build a model, run it, verify its outputs, and show its use of bytes and time."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micronas.cli.accuracy import print_accuracy
from micronas.cli.clock import ClockMhz, clock_remarks, did_not_start
from micronas.cli.mlperf import (
    DEFAULT_MODE,
    Hardware,
    ModeName,
    Pin,
    Protocol,
    TaskName,
    is_mlperf_tiny,
    serve,
)
from micronas.cli.options import DEFAULT_PREFER, BenchDataOption, BoardOption, ModelArgument, PreferOption
from micronas.cli.output import (
    percent,
    print_json,
    print_labelled,
    print_table,
    print_wrapped,
    require_effect,
    warn_of_open_ports,
)
from micronas.cli.output_paths import filling, require_writable_folder
from micronas.errors import ConfigError, plural

if TYPE_CHECKING:
    from micronas.api.bench import Bench
    from micronas.board import Board
    from micronas.deploy.measure import RunStatistics
    from micronas.deploy.modelled import Modelled
    from micronas.trial import Latency

RANDOM_SAMPLES = 8
_WHERE_FROM = (
    "from the instructions that QEMU ran and the flash reads that miss the cache: "
    "docs/background/latency_model.md"
)


def bench(
    model: ModelArgument,
    board: BoardOption,
    device: Annotated[str, typer.Option(help="Where to run: qemu, renode or serial.")] = "qemu",
    probe: Annotated[str | None, typer.Option(help="Serial number of the debug probe.")] = None,
    port: Annotated[str | None, typer.Option(help="Serial port of the board.")] = None,
    samples: Annotated[
        str | None,
        typer.Option(
            metavar="N|FILE",
            help="N: samples of --data. FILE: .npz whose arrays, in order, are the model's inputs (N, ...).",
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Random samples, or those of FILE.")] = RANDOM_SAMPLES,
    data: BenchDataOption = None,
    split: Annotated[
        str, typer.Option(help="With --data: validation; test only for a network that is delivered.")
    ] = "validation",
    features: Annotated[
        bool, typer.Option("--features", help="With --data: send features, and skip the front end in C.")
    ] = False,
    deadline: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="With --data: for all of its samples.")
    ] = 600.0,
    keep: Annotated[Path | None, typer.Option(help="Keep C, ELF and map in this folder.")] = None,
    remove_constant_channels: Annotated[
        bool, typer.Option(help="Remove channels that no input can change; outputs stay the same.")
    ] = False,
    witness: Annotated[
        bool, typer.Option("--witness", help="Run the samples by TensorFlow Lite on this machine, too.")
    ] = False,
    prefer: PreferOption = DEFAULT_PREFER,
    clock_mhz: ClockMhz = None,
    protocol: Protocol = "micronas",
    task: TaskName = None,
    mode: ModeName = DEFAULT_MODE,
    pin: Pin = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Build MODEL for a board, run it, compare every output element, and time each op.

    Without a board the time is modelled: a range, from the classes of instructions that QEMU ran.

    With --data CONFIG, samples of its validation split also run on the device, raw where the model has a
    front end: accuracy and confusion matrix beside those of the host.

    With --protocol mlperf-tiny, it is built for MLPerf Tiny's public runner.
    """
    from micronas.api.bench import DATA_SAMPLES
    from micronas.api.bench import bench as bench_model
    from micronas.board import load_board
    from micronas.firmware.clock_choice import board_at
    from micronas.memory.plan.prefer import prefer_named

    require_effect(device, probe, port)
    mlperf_tiny = is_mlperf_tiny(
        protocol,
        only_with_it={"--task": task is not None, "--mode": mode != DEFAULT_MODE, "--pin": pin is not None},
        never_with_it={
            "--data": data is not None,
            "--samples": samples is not None,
            "--keep": keep is not None,
            "--count": count != RANDOM_SAMPLES,
            "--remove-constant-channels": remove_constant_channels,
            "--witness": witness,
            "--json": as_json,
            "--split": split != "validation",
            "--features": features,
        },
    )
    wanted, file = _number_or_file(samples, data)
    plan = prefer_named(prefer, "--prefer")
    original, profile = load_board(board), board_at(board, clock_mhz)
    if mlperf_tiny:
        chosen = Hardware(profile, original, device, probe, port)
        serve(model, chosen, task=task, mode=mode, pin=pin, prefer=plan)
        return
    warn_of_open_ports(device)
    if keep is not None:
        require_writable_folder("--keep", keep)
    with filling("--keep", keep) if keep is not None else nullcontext():
        benched = bench_model(
            model,
            profile,
            device=device,
            probe=probe,
            port=port,
            samples=file,
            count=count,
            keep=keep,
            remove_constant_channels=remove_constant_channels,
            prefer=plan.value,
            calibration=data,
            witness=witness,
            data=data,
            data_samples=DATA_SAMPLES if wanted is None else wanted,
            split=split,
            features=features,
            deadline_s=deadline,
        )
    deployed = benched.deployment
    if remove_constant_channels and not as_json:
        print(_removed(benched))
    if as_json:
        print_json(bench_json(benched, model, device))
    else:
        _print(benched, original, model, file)
        if benched.accuracy is not None:
            print_accuracy(benched.accuracy, benched.why_features)
    deployed.require_parity()
    if benched.accuracy is not None:
        benched.accuracy.require_equal()


def _number_or_file(samples: str | None, data: str | None) -> tuple[int | None, Path | None]:
    """``--samples``: a number of samples of ``--data``, or a file of inputs."""
    if samples is None:
        return None, None
    if not samples.isdigit():
        return None, Path(samples)
    if data is None or int(samples) == 0:
        raise ConfigError(
            f"--samples {samples}: " + ("give at least 1" if data else "a number needs --data CONFIG"),
            remedy="--data CONFIG --samples 100 runs samples of a data set; --count 100 random ones",
        )
    return int(samples), None


def _removed(benched: Bench) -> str:
    from micronas.deploy.bench import constant_bytes, removed_text

    before, after = benched.original, benched.deployment.graph
    if before is after:
        return "There are no constant channels to remove."
    return removed_text(constant_bytes(before), constant_bytes(after))


def _channels_json(benched: Bench) -> dict[str, Any]:
    lean = benched.without_constant_channels
    removed = benched.original is not benched.deployment.graph
    return {"removed": removed, "without": None if lean is None else lean.to_json()}


def bench_json(benched: Bench, model: Path, device: str) -> dict[str, Any]:
    """The object of ``bench --json``; its keys are stable."""
    from micronas.deploy.modelled import op_to_json
    from micronas.deploy.to_json import deployment_to_json, int8_core_to_json, latency_range

    deployed, timed = benched.deployment, benched.modelled
    figures: Any = deployment_to_json(deployed)
    counted = deployed.measurement.latency
    latency = timed.latency if timed else counted
    if timed:
        ms_per_cycle = 1000.0 / latency.clock_hz
        for row, op in zip(figures["per_op"], timed.ops, strict=True):
            row.update(op_to_json(op), ms=op.cycles.value * ms_per_cycle)
    return {
        "model": str(model),
        "board": deployed.firmware.board.name,
        "device": device,
        "execution_target": figures["execution_target"],
        "runtime": "micronas",
        "parity": figures["parity"],
        "instructions": counted.instructions,
        "latency": {"ms": latency.ms, "source": latency.source.value, **latency_range(latency)},
        "runs": figures["runs"],
        "clock": figures["clock"],
        "counter": figures["counter"],
        "firmware": figures["firmware"],
        "failed_attempts": figures["failed_attempts"],
        "regions": figures["regions"],
        "sram": figures["sram"],
        "plan": benched.plan_choice.to_json(),
        "constant_channels": _channels_json(benched),
        "flash": {"constants": figures["flash"]["constants"], "code": figures["flash"]["code"]},
        "witness": benched.witness.to_json() if benched.witness else None,
        "per_op": figures["per_op"],
        "int8_core": int8_core_to_json(deployed, figures["per_op"]),
        "accuracy": _accuracy_json(benched),
    }


def _accuracy_json(benched: Bench) -> dict[str, Any] | None:
    if benched.accuracy is None:
        return None
    return {**benched.accuracy.to_json(), "why_features": benched.why_features or None}


def _print(benched: Bench, profile: Board, model: Path, samples: Path | None) -> None:
    from micronas.deploy.to_json import deployment_to_json, int8_core_to_json

    deployed, timed, why_not = benched.deployment, benched.modelled, benched.why_not_modelled
    figures: Any = deployment_to_json(deployed)
    board, measurement = deployed.firmware.board, deployed.measurement
    latency, parity = measurement.latency, measurement.parity
    print_wrapped(f"{model.name} on {board.title}: {deployed.execution_target}", 2)
    _print_ops(figures["per_op"], latency, timed)
    print()
    _print_sizes(figures["sram"], figures["flash"], measurement.info.constant_bytes)
    print_labelled(f"plan      {benched.plan_choice}")
    if benched.without_constant_channels is not None:
        print_labelled(f"          {benched.without_constant_channels}")
    print()
    equal = f"{parity.elements - parity.mismatches} of {parity.elements} output elements equal"
    print_labelled(f"parity    {equal} ({'your' if samples else 'random'} samples)")
    if benched.witness is not None:
        print_labelled(f"witness   {benched.witness}")
    unit = "instructions" if latency.instructions else "cycles"
    _print_runs(measurement.runs, unit)
    print_labelled(f"counter   {figures['counter']['name']}, counts {figures['counter']['counts']}")
    print_labelled(f"latency   {timed.latency if timed else latency}, at {latency.clock_hz / 1e6:g} MHz")
    _print_core(int8_core_to_json(deployed, figures["per_op"]), unit)
    if why_not:
        print_labelled(f"          ({why_not})")
    for remark in clock_remarks(board, profile):
        print_labelled(f"          ({remark})")
    if (host_hz := measurement.clock.host_hz) is not None:
        print_labelled(f"          (by the host's time the core runs at {host_hz / 1e6:.1f} MHz)")
    for reason in deployed.failed_attempts:
        print_labelled(f"          (tried again: {reason})")
    if latency.source.value == "measured" and measurement.info.clock_fallback:
        print_labelled(f"          ({did_not_start(measurement.info, board)})")
    if timed:
        print_labelled(f"          ({_WHERE_FROM})")
    elif latency.source.value == "emulated":
        print_labelled(
            f"          ({board.timing.cycles_per_instruction:g} cycles per instruction: an estimate)"
        )


def _print_core(core: Any, unit: str) -> None:
    """What the network takes without the conversion of its inputs and outputs."""
    if core is not None:
        kinds = " and ".join(dict.fromkeys(core["without"]))
        print_labelled(f"int8 core {core['instructions']:,} {unit}, without {kinds} at its ends")


def _print_ops(per_op: list[dict[str, Any]], latency: Latency, timed: Modelled | None) -> None:
    """A line per op: executed instructions and, if modelled, cycles, their cause, and the multiple of the
    bound.
    """
    if timed is None:
        counted = ("instructions", "share", "constants, B", f"ms, {latency.source.value}")
        print_table("", ("op", "kind", "output", *counted), [_op_row(op) for op in per_op])
        return
    total = sum(op.cycles.value for op in timed.ops)
    rows: list[tuple[str, ...]] = []
    for op, cycles in zip(per_op, timed.ops, strict=True):
        shape = "x".join(map(str, op["output_shape"][1:]))
        times = "" if cycles.distance is None else f"{cycles.distance:.1f} x"
        cost = (
            f"{op['instructions']:,}",
            f"{cycles.cycles.value:,.0f}",
            percent(cycles.cycles.value / total),
        )
        rows.append((str(op["op"]), op["kind"], shape, *cost, cycles.parts.bound, times))
    header = ("op", "kind", "output", "instructions", "cycles, modelled", "share", "most on", "bound")
    print_table("", header, rows)


def _print_runs(runs: RunStatistics, unit: str) -> None:
    number = f"{plural(len(runs.counts), 'run')} after {runs.warm_up} to warm up"
    print_labelled(
        f"run       {runs.median:,.0f} {unit}, median of {number}, interquartile range {runs.iqr:,.0f}"
    )
    if runs.outliers:
        print_labelled(f"          outliers: {', '.join(f'{c:,}' for c in runs.outliers)}")


def _op_row(op: dict[str, Any]) -> tuple[str, ...]:
    shape = "x".join(map(str, op["output_shape"][1:]))
    cost = (f"{op['instructions']:,}", percent(op["share"]), f"{op['constant_bytes']:,}", f"{op['ms']:.3f}")
    return (str(op["op"]), op["kind"], shape, *cost)


def _print_sizes(sram: dict[str, int | None], flash: dict[str, Any], reported_constants: int) -> None:
    constants = flash["constants"]
    rows = [
        ("SRAM, bytes", *(f"{n:,}" if n is not None else "" for n in sram.values())),
        (
            "constants, bytes",
            f"{constants['predicted']:,}",
            f"{constants['linked']:,}",
            f"{reported_constants:,}",
        ),
        ("flash, bytes", f"{flash['predicted']:,}", f"{flash['linked']:,}", ""),
    ]
    print_table("", ("", "predicted", "linked", "reported"), rows)
