"""``micronas show``: a run's trials, or one trial of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from micronas.cli.of_board import say_board
from micronas.cli.options import OfBoardOption, RunArgument, run_folder
from micronas.cli.output import kb, percent, print_facts, print_json, print_table, program, typed
from micronas.errors import SearchError, plural

if TYPE_CHECKING:
    from pathlib import Path

    from micronas.quantize.witness import Witness
    from micronas.store import Record

_PER_OP = ("op", "kind", "output", "instructions", "constants, B")


def show(
    run: RunArgument,
    trial: Annotated[int | None, typer.Argument(metavar="TRIAL", help="Number of a trial.")] = None,
    board: OfBoardOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a run (its trials, best first, and which are on the Pareto front), or one trial in full."""
    from micronas.store import Store
    from micronas.store.other_boards import records_for

    folder = run_folder(run)
    with Store.read(folder) as store:
        records = records_for(store, board)
        say_board(store, board)
        more = "" if board is None else f" --board {board}"
        if trial is None:
            _show_run(folder, records, as_json, more)
        else:
            _show_trial(folder, _find(records, trial), as_json, more)


def _find(records: list[Record], number: int) -> Record:
    for record in records:
        if record.trial.number == number:
            return record
    last = f"its trials are 0 to {len(records) - 1}" if records else "it has no trials yet"
    raise SearchError(f"this run has no trial {number}", remedy=last)


def _show_run(folder: Path, records: list[Record], as_json: bool, more: str) -> None:
    from micronas.cli.progress import trial_cells
    from micronas.report.front import front_of
    from micronas.store.columns import NARROW, terminal_columns

    on_front = {record.trial.number for record in front_of(records)}
    ordered = sorted(records, key=lambda r: r.trial.rank)
    if as_json:
        print_json({"run": str(folder), "front": sorted(on_front), "trials": [_to_json(r) for r in ordered]})
        return
    columns = terminal_columns(NARROW)
    header = ("", *(column.header("accuracy") for column in columns))
    rows = [("*" if r.trial.number in on_front else "", *trial_cells(r.trial, columns)) for r in ordered]
    failed = [row for row, r in zip(rows, ordered, strict=True) if r.trial.scores is None]
    print_table("", header, [row for row in rows if row not in failed])
    for row in failed:
        print("  ".join(cell for cell in row if cell))
    print(f"\n{plural(len(records), 'trial')}; * is on the Pareto front. Next:")
    number = next(iter(sorted(on_front)), "TRIAL")
    words = f"{typed(folder)} {number}{more}"
    print(f"  {program()} show {words}    # one trial in full")
    print(f"  {program()} pick {words}    # build, measure and test it like the winner")


def _show_trial(folder: Path, record: Record, as_json: bool, more: str) -> None:
    if as_json:
        print_json(_to_json(record))
        return
    from micronas.report.genes import genes_text

    trial, scores = record.trial, record.trial.scores
    facts = [("outcome", trial.ending.lower()), ("origin", trial.origin)]
    if trial.reason:
        facts.append(("reason", f"{trial.stage}: {trial.reason}"))
    if scores is not None:
        marks = (("training", scores.cut), ("training", scores.shortened), ("quantization", scores.int8_drop))
        facts += [(name, text) for name, text in marks if text]
    if scores is not None:
        latency = scores.latency
        facts += [
            ("int8, validation", percent(scores.quality_int8)),
            ("float, validation", percent(scores.quality_float)),
            ("flash", kb(scores.flash_bytes)),
            ("SRAM", kb(scores.sram_bytes)),
            ("latency", f"{latency.ms:.2f} ms {latency.source.value}" if latency else "not run"),
            ("multiply-accumulates", f"{scores.macs:,}"),
            ("parameters", f"{scores.parameters:,}"),
            ("reward", f"{scores.reward:.4f}"),
            ("epochs", f"{scores.epochs}, {scores.train_cpu_s:.1f} CPU s"),
        ]
    if (witness := _witness(record)) is not None:
        facts.append(("second interpreter", str(witness)))
    facts.append(("architecture", genes_text(trial.arch)))
    print_facts(f"trial {trial.number} of {folder}", facts)
    _print_ops(record)
    if scores is not None:
        named = f"{typed(folder)} {trial.number}{more}"
        print(
            f"\nNext:\n  {program()} pick {named}    # train it fully, build, measure and test it\n"
            f"  {program()} rebuild {named}    # train it again, to the same bytes"
        )


def _witness(record: Record) -> Witness | None:
    """What a second interpreter computed of the file; None in runs of earlier versions."""
    from micronas.quantize.witness import witness_from_json
    from micronas.store.final_figures import WITNESS
    from micronas.trial import object_at

    stored = object_at(record.details, WITNESS)
    return witness_from_json(stored) if stored else None


def _print_ops(record: Record) -> None:
    """The profile of a trial that ran on a device."""
    ops: Any = record.details.get("per_op")
    if not isinstance(ops, list):
        return
    rows = [
        (
            str(op["op"]),
            op["kind"],
            "x".join(map(str, op["output_shape"][1:])),
            f"{op['instructions']:,}" if op["instructions"] is not None else "",
            f"{op['constant_bytes']:,}",
        )
        for op in ops
    ]
    print()
    print_table("", _PER_OP, rows)


def _to_json(record: Record) -> dict[str, Any]:
    from micronas.trial import scores_to_json

    trial = record.trial
    return {
        "trial": trial.number,
        "outcome": trial.ending,
        "origin": trial.origin,
        "stage": trial.stage,
        "reason": trial.reason,
        "scores": scores_to_json(trial.scores) if trial.scores else None,
        "int8_drop": trial.scores.int8_drop if trial.scores else None,
        "witness": record.details.get("witness"),
        "arch": trial.arch,
    }
