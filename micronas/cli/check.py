"""``micronas check``: whether a model fits a board, to the byte, and if not, what would help."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from micronas.cli.options import DEFAULT_PREFER, BoardOrNone, DataOption, ModelArgument, PreferOption
from micronas.cli.output import kb, print_json, print_table, print_wrapped
from micronas.errors import ConfigError

if TYPE_CHECKING:
    from micronas.api.check import Check


def check(
    model: ModelArgument,
    board: BoardOrNone = None,
    runtime: Annotated[
        str, typer.Option(help="Runtime of the network: micronas or tflm (TFLite Micro).")
    ] = "micronas",
    flash_kb: Annotated[float | None, typer.Option(help="Flash limit. Default: the board's.")] = None,
    sram_kb: Annotated[float | None, typer.Option(help="SRAM limit. Default: the board's.")] = None,
    prefer: PreferOption = DEFAULT_PREFER,
    input_form: Annotated[
        str,
        typer.Option(
            "--input",
            metavar="FORM",
            help="How the network gets its input: tensor, all of it; or rows, as in `export --input rows`: "
            "without a buffer for all of it.",
        ),
    ] = "tensor",
    data: DataOption = None,
    plan: Annotated[
        Path | None, typer.Option(help="Draw the memory plan: to an .svg file, or as text to any other.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print the memory ledger of MODEL on a board, and whether it fits. Exit code 1 if it does not."""
    if board is None:
        only_with_board = (flash_kb, sram_kb, plan, None if input_form == "tensor" else input_form)
        _check_all(model, runtime=runtime, only_with_board=only_with_board, as_json=as_json)
        return
    from micronas.api.check import RUNTIMES
    from micronas.api.check import check as check_model
    from micronas.api.export import input_named
    from micronas.memory.ledger import regions_to_json
    from micronas.memory.plan.banks_text import banks_to_json
    from micronas.memory.plan.prefer import prefer_named

    if runtime not in RUNTIMES:
        raise ConfigError(f"--runtime {runtime}: unknown", remedy=f"one of {', '.join(RUNTIMES)}")
    input_named(input_form, "--input")
    checked = check_model(
        model,
        board,
        runtime=runtime,
        flash_kb=flash_kb,
        sram_kb=sram_kb,
        prefer=prefer_named(prefer, "--prefer").value,
        input=input_form,
        calibration=data,
    )
    graph, ledger = checked.graph, checked.ledger
    if plan is not None:
        from micronas.cli.plan_picture import write_plan

        write_plan(graph, ledger.plan, plan)
    if as_json:
        print_json(
            {
                "fits": checked.fits,
                "reasons": list(checked.reasons),
                "sram_bytes": ledger.sram_bytes,
                "flash_bytes": ledger.flash_bytes,
                "arena_region": str(ledger.arena_location),
                "banks": banks_to_json(ledger.plan),
                "regions": regions_to_json(ledger),
                "input": input_form,
                "notes": list(ledger.notes),
                "plan": None if checked.plan_choice is None else checked.plan_choice.to_json(),
            }
        )
    else:
        _print(checked)
    if not checked.fits:
        raise typer.Exit(1)


def _check_all(model: Path, *, runtime: str, only_with_board: tuple[object, ...], as_json: bool) -> None:
    """Without a board: the boards that the model fits."""
    from micronas.cli.which_board import print_boards_for

    if runtime != "micronas" or any(given is not None for given in only_with_board):
        raise ConfigError(
            "--runtime, --flash-kb, --sram-kb, --plan and --input need a board",
            remedy="add --board BOARD; without these options, `micronas check MODEL` lists the boards that "
            "the model fits",
        )
    if not print_boards_for(model, run=False, as_json=as_json):
        raise typer.Exit(1)


def _print(checked: Check) -> None:
    from micronas.memory.plan.banks_text import bank_lines

    ledger = checked.ledger
    flash_bytes, sram_bytes = checked.budget.flash_bytes, checked.budget.sram_bytes

    rows = [
        *((f"flash: {item.what}", f"{item.nbytes:,}", item.region) for item in ledger.flash),
        ("flash", f"{ledger.flash_bytes:,}", f"of {flash_bytes:,} ({kb(flash_bytes)})"),
        *((f"SRAM: {item.what}", f"{item.nbytes:,}", item.region) for item in ledger.sram),
        ("SRAM", f"{ledger.sram_bytes:,}", f"of {sram_bytes:,} ({kb(sram_bytes)})"),
        *(
            (f"region {r.name}", f"{ledger.region_bytes(r.name):,}", f"of {r.length:,} ({kb(r.length)})")
            for r in ledger.regions
            if ledger.region_bytes(r.name)
        ),
    ]
    print_table("", ("predicted", "bytes", ""), rows)
    if checked.row_input:
        print_wrapped(_input_by_rows(checked), 2)
    if checked.plan_choice is not None:
        print_wrapped(f"plan: {checked.plan_choice}", 2)
    for note in ledger.notes:
        print_wrapped(f"note: {note}", 2)
    if checked.fits:
        print_wrapped(
            f"It fits. The arena is in {' and '.join(map(str, ledger.arena_location.memories))}.", 2
        )
        for line in bank_lines(checked.graph, ledger.plan):
            print_wrapped(line, 2)
        return
    print("It does not fit:")
    for reason in checked.reasons:
        print_wrapped(f"  {reason}", 4)
    for remedy in checked.remedies:
        print_wrapped(f"  -> {remedy}", 4)


def _input_by_rows(checked: Check) -> str:
    """What is in memory of the input at once."""
    graph = checked.graph
    x, spans = graph.tensors[graph.inputs[0]], checked.ledger.plan.spans
    (buffer,) = (span for span in spans if graph.inputs[0] in span.tensors)
    return f"input: by rows, at most {buffer.size:,} of {x.nbytes:,} bytes at a time"
