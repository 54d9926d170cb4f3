"""``micronas init``: a first search configuration, for the user's data and board."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from micronas.cli.options import BoardOption
from micronas.cli.output import program, typed
from micronas.cli.output_paths import write_file
from micronas.errors import ConfigError

if TYPE_CHECKING:
    from micronas.config import DataConfig

Task = Annotated[
    Literal["images", "audio", "sensor", "anomaly", "regression"] | None,
    typer.Option(
        help="Kind of data; regression: predict a number. Default: by the data's shape; without data, images."
    ),
]


def init(
    task: Task = None,
    data: Annotated[
        Path | None, typer.Option(help="Class folders of images, recordings or CSV; or .csv, .npz.")
    ] = None,
    board: BoardOption = "nucleo_f446re",
    out: Annotated[Path, typer.Option(help="The configuration to write.")] = Path("search.yaml"),
) -> None:
    """Write a commented search configuration for your data and board, ready to run.

    It reads the data and proposes memory limits for the network.
    """
    from micronas.board import load_board
    from micronas.board.folders import is_path
    from micronas.data import load
    from micronas.search.starter import about, propose, starter_text

    if out.exists():
        raise ConfigError(f"--out {out}: already exists", remedy="choose a new file name")
    profile, source = load_board(board), _source(task, data)
    named = os.path.relpath(board, out.parent) if is_path(board) else board  # paths are relative to the file
    dataset = load(source)
    constraints = propose(profile, dataset)
    write_file("--out", out, starter_text(named, profile, source, dataset, constraints))
    print(f"{out}: {about(dataset)}")
    print(
        f"  for {profile.title}: {constraints.flash_kb} of {constraints.board_flash_kb} KB flash, "
        f"{constraints.sram_kb} of {constraints.board_sram_kb} KB SRAM"
    )
    for note in dataset.notes:
        print(f"  {note}")
    print(f"\nNext:\n  {program()} search {typed(out)}")


def _source(task: str | None, data: Path | None) -> DataConfig:
    from micronas.data.sources.recognise import Kind, built_in, recognise

    kind = Kind(task) if task else None
    if data is None:
        return built_in(kind or Kind.IMAGES)
    return recognise(data, kind)
