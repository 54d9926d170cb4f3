"""``micronas show``: a run's trials, or one trial of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from micronas.cli.of_board import say_board
from micronas.cli.options import OfBoardOption, RunArgument, run_folder
from micronas.cli.output import (
    kb,
    percent,
    print_facts,
    print_json,
    print_table,
    print_wrapped,
    program,
    typed,
)
from micronas.errors import SearchError, plural

if TYPE_CHECKING:
    from pathlib import Path

    from micronas.model.front_end import RegressionTarget
    from micronas.quantize.witness import Witness
    from micronas.store import Record
    from micronas.trial import Scores

_PER_OP = ("op", "kind", "output", "instructions", "constants, B")


def show(
    run: RunArgument,
    trial: Annotated[int | None, typer.Argument(metavar="TRIAL", help="Number of a trial.")] = None,
    board: OfBoardOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a run (its trials, best first, and which are on the Pareto front), or one trial in full."""
    from micronas.store import Store
    from micronas.store.other_boards import board_names, records_by_board, records_for
    from micronas.store.stored_setup import stored_target

    folder = run_folder(run)
    with Store.read(folder) as store:
        records = records_for(store, board)
        several = records_by_board(store) if board is None and len(board_names(store)) > 1 else {}
        more = "" if board is None else f" --board {board}"
        if board is not None:
            say_board(store, board)
        if trial is None:
            figure = "R2" if stored_target(store) else "accuracy"
            _show_run(folder, records, several, figure, as_json, more)
        else:
            boards = _on_each(several, trial)
            _show_trial(folder, _find(records, trial), boards, stored_target(store), as_json, more)


def _on_each(boards: dict[str, list[Record]], number: int) -> dict[str, Record]:
    return {name: _find(records, number) for name, records in boards.items()}


def _find(records: list[Record], number: int) -> Record:
    for record in records:
        if record.trial.number == number:
            return record
    last = f"its trials are 0 to {len(records) - 1}" if records else "it has no trials yet"
    raise SearchError(f"this run has no trial {number}", remedy=last)


def _show_run(
    folder: Path,
    records: list[Record],
    several: dict[str, list[Record]],
    figure: str,
    as_json: bool,
    more: str,
) -> None:
    """``several`` holds the trials of every board, if the search was for several and none was chosen."""
    if as_json:
        boards = [{"board": name, **_trials_to_json(own)} for name, own in several.items()]
        print_json({"run": str(folder), **_trials_to_json(records), "boards": boards})
        return
    for name, own in several.items() or ((("", records),)):
        _print_trials(name, own, figure)
    print(f"\n{plural(len(records), 'trial')}; * is on the Pareto front. Next:")
    number = next(iter(sorted(_front(records))), "TRIAL")
    words = f"{typed(folder)} {number}{more}"
    print(f"  {program()} show {words}    # one trial in full")
    print(f"  {program()} pick {words}    # build, measure and test it like the winner")


def _front(records: list[Record]) -> set[int]:
    from micronas.report.front import front_of

    return {record.trial.number for record in front_of(records)}


def _trials_to_json(records: list[Record]) -> dict[str, Any]:
    ordered = sorted(records, key=lambda r: r.trial.rank)
    return {"front": sorted(_front(records)), "trials": [_to_json(record) for record in ordered]}


def _print_trials(board: str, records: list[Record], figure: str) -> None:
    from micronas.cli.progress import trial_cells
    from micronas.store.columns import NARROW, terminal_columns

    on_front, ordered = _front(records), sorted(records, key=lambda r: r.trial.rank)
    columns = terminal_columns(NARROW)
    header = ("", *(column.header(figure) for column in columns))
    rows = [("*" if r.trial.number in on_front else "", *trial_cells(r.trial, columns)) for r in ordered]
    failed = [row for row, r in zip(rows, ordered, strict=True) if r.trial.scores is None]
    print_table(board, header, [row for row in rows if row not in failed])
    for row in failed:
        number, *cells = (cell for cell in row if cell)
        print_wrapped(f"   {number:>5}  {'  '.join(cells)}", 10)


def _show_trial(
    folder: Path,
    record: Record,
    boards: dict[str, Record],
    target: RegressionTarget | None,
    as_json: bool,
    more: str,
) -> None:
    """``boards`` holds the trial as it is on every board of a search for several."""
    if as_json:
        each = [{"board": name, **_ending(one)} for name, one in boards.items()]
        print_json({**_to_json(record), "boards": each})
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
            *_errors(scores, target),
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
    facts += [(f"on {name}", _board_text(one)) for name, one in boards.items()]
    facts.append(("architecture", genes_text(trial.arch)))
    print_facts(f"trial {trial.number} of {folder}", facts)
    _print_ops(record)
    if scores is not None:
        named = f"{typed(folder)} {trial.number}{more}"
        print(
            f"\nNext:\n  {program()} pick {named}    # train it fully, build, measure and test it\n"
            f"  {program()} rebuild {named}    # train it again, to the same bytes"
        )


def _board_text(record: Record) -> str:
    """How a trial ended on one of several boards, in a line."""
    trial, scores = record.trial, record.trial.scores
    if scores is None:
        return f"{trial.ending.lower()}: {trial.reason}"
    return f"{kb(scores.flash_bytes)} flash, {kb(scores.sram_bytes)} SRAM, {scores.latency or 'not run'}"


def _errors(scores: Scores, target: RegressionTarget | None) -> list[tuple[str, str]]:
    """Mean errors of a regression, in the unit of its target."""
    if scores.mae is None or scores.rmse is None:
        return []
    unit = f" {target.unit}" if target and target.unit else ""
    return [
        ("MAE, int8, validation", f"{scores.mae:.4g}{unit}"),
        ("RMSE, int8, validation", f"{scores.rmse:.4g}{unit}"),
    ]


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


def _ending(record: Record) -> dict[str, Any]:
    from micronas.trial import scores_to_json

    trial = record.trial
    return {
        "outcome": trial.ending,
        "stage": trial.stage,
        "reason": trial.reason,
        "scores": scores_to_json(trial.scores) if trial.scores else None,
    }


def _to_json(record: Record) -> dict[str, Any]:
    trial = record.trial
    return {
        "trial": trial.number,
        "origin": trial.origin,
        **_ending(record),
        "int8_drop": trial.scores.int8_drop if trial.scores else None,
        "witness": record.details.get("witness"),
        "arch": trial.arch,
    }
