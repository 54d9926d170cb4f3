"""``micronas export-results``: the trials of a run for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from micronas.cli.options import OfBoardOption, RunArgument, run_folder
from micronas.cli.output import program
from micronas.cli.output_paths import draft_of, require_writable_folder, write_file, writing
from micronas.errors import ConfigError


def export_results(
    run: RunArgument,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write a CSV file.")] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write a JSON file.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="Write a Parquet file.")] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write TensorBoard scalars and HParams.")
    ] = None,
    optuna: Annotated[
        str | None, typer.Option(metavar="URL", help="Write a study: sqlite:///FILE, for optuna-dashboard.")
    ] = None,
    board: OfBoardOption = None,
) -> None:
    """Write the trials of a run, with their genes, for other tools, in one or several formats.

    A search for several boards has a row of each trial for every board, unless --board chooses one;
    TensorBoard has a folder and Optuna a study per board.

    Parquet, TensorBoard and Optuna need additional packages. If one is missing, the message has the command
    that installs it.
    """
    from micronas.report.results import rows_of_boards
    from micronas.report.results.files import csv_bytes, json_bytes, write_parquet
    from micronas.report.results.optuna_storage import write_optuna
    from micronas.report.results.tensorboard import write_tensorboard
    from micronas.store import Store
    from micronas.store.other_boards import records_by_board, require_board

    if not any(wanted is not None for wanted in (csv, json, parquet, tensorboard, optuna)):
        raise ConfigError("no format was given", remedy=f"{program()} export-results RUN --csv trials.csv")
    with Store.read(run_folder(run)) as store:
        require_board(store, board)
        boards, name = records_by_board(store), store.folder.resolve().name
    if board is not None:
        boards = {board: boards[board]}
    rows, several = rows_of_boards(boards), len(boards) > 1
    if csv is not None:
        write_file("--csv", csv, csv_bytes(rows))
        print(csv)
    if json is not None:
        write_file("--json", json, json_bytes(name, rows))
        print(json)
    if parquet is not None:
        with draft_of("--parquet", parquet) as draft:
            write_parquet(rows, draft)
        print(parquet)
    if tensorboard is not None:
        require_writable_folder("--tensorboard", tensorboard)
        with writing("--tensorboard", tensorboard):
            for each, records in boards.items():
                write_tensorboard(records, tensorboard / each if several else tensorboard)
        print(tensorboard)
    if optuna is not None:
        for each, records in boards.items():
            write_optuna(records, optuna, f"{name} on {each}" if several else name)
        print(optuna)
