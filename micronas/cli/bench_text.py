"""What ``micronas bench`` prints: a table of ops, the sizes, and what the time was and where it is from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from micronas.cli.clock import clock_remarks, did_not_start
from micronas.cli.output import percent, print_labelled, print_table, print_wrapped
from micronas.errors import plural

if TYPE_CHECKING:
    from pathlib import Path

    from micronas.api.bench import Bench
    from micronas.board import Board
    from micronas.deploy.measure import RunStatistics
    from micronas.deploy.modelled import Modelled
    from micronas.trial import Latency

_WHERE_FROM = "from the instructions that QEMU ran and the flash reads that miss the cache"


def removed_channels(benched: Bench) -> str:
    """What the removal of constant channels saved."""
    from micronas.deploy.bench import constant_bytes, removed_text

    before, after = benched.original, benched.deployment.graph
    if before is after:
        return "There are no constant channels to remove."
    return removed_text(constant_bytes(before), constant_bytes(after))


def print_bench(benched: Bench, profile: Board, model: Path, samples: Path | None) -> None:
    """All figures of a run on the device.

    ``profile`` is the board with its own clock, ``samples`` a file of inputs, None for random ones.
    """
    from micronas.deploy.to_json import deployment_to_json, int8_core_to_json

    deployed, timed = benched.deployment, benched.modelled
    figures: Any = deployment_to_json(deployed)
    board, measurement = deployed.firmware.board, deployed.measurement
    latency = measurement.latency
    print_wrapped(f"{model.name} on {board.title}: {deployed.execution_target}", 2)
    _print_ops(figures["per_op"], latency, timed)
    print()
    _print_sizes(figures["sram"], figures["flash"], measurement.info.constant_bytes)
    print_labelled(f"plan      {benched.plan_choice}")
    if benched.without_constant_channels is not None:
        print_labelled(f"          {benched.without_constant_channels}")
    print()
    _print_outputs(benched, "your" if samples else "random")
    unit = "instructions" if latency.instructions else "cycles"
    _print_runs(measurement.runs, unit)
    print_labelled(f"counter   {figures['counter']['name']}, counts {figures['counter']['counts']}")
    print_labelled(f"latency   {timed.latency if timed else latency}, at {latency.clock_hz / 1e6:g} MHz")
    _print_core(int8_core_to_json(deployed, figures["per_op"]), unit)
    for remark in _remarks(benched, profile):
        print_labelled(f"          ({remark})")


def _print_outputs(benched: Bench, whose: str) -> None:
    """Whether the outputs are the reference's."""
    parity = benched.deployment.measurement.parity
    equal = f"{parity.elements - parity.mismatches} of {parity.elements} output elements equal"
    print_labelled(f"parity    {equal} ({whose} samples)")
    if benched.witness is not None:
        print_labelled(f"witness   {benched.witness}")


def _remarks(benched: Bench, profile: Board) -> Iterator[str]:
    """On the clock, the attempts and the source of the latency."""
    deployed = benched.deployment
    board, measurement = deployed.firmware.board, deployed.measurement
    source = measurement.latency.source.value
    if benched.why_not_modelled:
        yield benched.why_not_modelled
    yield from clock_remarks(board, profile)
    if (host_hz := measurement.clock.host_hz) is not None:
        yield f"by the host's time the core runs at {host_hz / 1e6:.1f} MHz"
    for reason in deployed.failed_attempts:
        yield f"tried again: {reason}"
    if source == "measured" and measurement.info.clock_fallback:
        yield did_not_start(measurement.info, board)
    if benched.modelled:
        yield _WHERE_FROM
    elif source == "emulated":
        yield f"{board.timing.cycles_per_instruction:g} cycles per instruction: an estimate"


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
