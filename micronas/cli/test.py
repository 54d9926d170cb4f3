"""``micronas test``: does this deployment work? On an emulator today and on the board tomorrow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from micronas.cli.clock import ClockMhz
from micronas.cli.options import DEFAULT_PREFER, BoardOption, ModelArgument, PreferOption
from micronas.cli.output import print_json, require_effect, warn_of_open_ports
from micronas.cli.output_paths import require_writable_file, write_file
from micronas.host.temporary_folder import temporary_folder

if TYPE_CHECKING:
    from micronas.deploy.acceptance import Report

RANDOM_SAMPLES = 8
_ALL = 2**62


def run_test(
    model: ModelArgument,
    board: BoardOption,
    device: Annotated[str, typer.Option(help="Where to run: qemu, renode or serial.")] = "qemu",
    probe: Annotated[str | None, typer.Option(help="Serial number of the debug probe.")] = None,
    port: Annotated[str | None, typer.Option(help="Serial port of the board.")] = None,
    data: Annotated[
        Path | None, typer.Option(help=".npz whose arrays, in order, are the model's inputs (N, ...).")
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(min=1, help="Samples to compare; default: all of --data, else 8 random ones."),
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit XML file for CI.")] = None,
    prefer: PreferOption = DEFAULT_PREFER,
    clock_mhz: ClockMhz = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Build MODEL for a board, run it and compare every output element with the reference.

    Exit code 0: it works; 1: it does not fit or its outputs differ; 2: it could not be tested.
    """
    from micronas.deploy.acceptance import accept, junit_xml, report_to_json
    from micronas.deploy.bench import load_samples
    from micronas.deploy.deployment import cache_folder, random_samples
    from micronas.device.targets import make_device
    from micronas.firmware.clock_choice import board_at
    from micronas.memory.plan.prefer import prefer_named
    from micronas.model.tflite import read

    plan = prefer_named(prefer, "--prefer")
    require_effect(device, probe, port)
    where, profile, graph = make_device(device, probe, port), board_at(board, clock_mhz), read(model)
    samples = (
        load_samples(data, graph, count or _ALL)
        if data
        else random_samples(graph, count or RANDOM_SAMPLES, seed=0)
    )
    if junit is not None:
        require_writable_file("--junit", junit)
    warn_of_open_ports(device)
    with temporary_folder() as work:
        report = accept(
            graph,
            profile,
            samples,
            model=model.name,
            device_name=device,
            device=where,
            workdir=Path(work),
            cache_dir=cache_folder(),
            prefer=plan,
        )
    if junit is not None:
        write_file("--junit", junit, junit_xml(report))
    if as_json:
        print_json(report_to_json(report))
    else:
        _print(report, yours=data is not None)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _print(report: Report, *, yours: bool) -> None:
    verdict = {0: "works", 1: "does not work", 2: "could not be tested"}[report.exit_code]
    print(f"{report.model} on {report.board} ({report.device}): {verdict}")
    for step in report.steps:
        first, *more = step.message.splitlines() or [""]
        print(f"  {step.outcome.value:<7}  {step.name:<7}  {first}".rstrip())
        for line in more:
            print(f"  {'':<18}{line.strip()}")
    print(f"{report.samples} {'of your' if yours else 'random'} samples, {report.seconds:.1f} s")
