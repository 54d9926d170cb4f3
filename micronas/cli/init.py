"""``micronas init``: a first search configuration, for the user's data and board."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from micronas.cli.options import BoardOption
from micronas.cli.output import print_wrapped, program, typed
from micronas.cli.output_paths import write_file
from micronas.cli.settings import setting
from micronas.errors import ConfigError, MicronasError

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
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Sets a key of the section data, repeatable."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The configuration to write.")] = Path("search.yaml"),
) -> None:
    """Write a commented search configuration for your data and board, ready to run.

    It reads the data and proposes memory limits for the network. If the data need an option, set it here:
    --set data.options.skip_bad=true.
    """
    from micronas.board import load_board
    from micronas.board.folders import is_path
    from micronas.data import load
    from micronas.search.starter import about, propose, starter_text

    if out.exists():
        raise ConfigError(f"--out {out}: already exists", remedy="choose a new file name")
    profile = load_board(board)
    named = os.path.relpath(board, out.parent) if is_path(board) else board  # paths are relative to the file
    with _naming_set():
        source = _source(task, data, settings or [])
        dataset = load(source)
    constraints = propose(profile, dataset)
    write_file("--out", out, starter_text(named, profile, source, dataset, constraints))
    print_wrapped(f"{out}: {about(dataset)}", 4)
    print_wrapped(
        f"  for {profile.title}: {constraints.flash_kb} of {constraints.board_flash_kb} KB flash, "
        f"{constraints.sram_kb} of {constraints.board_sram_kb} KB SRAM",
        4,
    )
    for note in dataset.notes:
        print_wrapped(f"  {note}", 4)
    print(f"\nNext:\n  {program()} search {typed(out)}")


def _source(task: str | None, data: Path | None, settings: list[str]) -> DataConfig:
    """The section data: what ``data`` is recognised as, with the keys of ``settings``."""
    from micronas.config import parse_config
    from micronas.data.sources.recognise import Kind, built_in, recognise

    keys = dict(setting(text) for text in settings)
    if strange := [key for key in keys if not key.startswith("data.")]:
        raise ConfigError(
            f"--set {strange[0]}: init sets keys of the section data only",
            remedy="for example --set data.options.skip_bad=true; edit the other keys in the file it writes",
        )
    kind = Kind(task) if task else None
    options = parse_config({}, name="--set", overrides=keys).data.options
    source = built_in(kind or Kind.IMAGES) if data is None else recognise(data, kind, options)
    found = source.model_dump(exclude_defaults=True) | {"name": source.name}
    return parse_config({"data": found}, name="--set", overrides=keys).data


@contextmanager
def _naming_set() -> Iterator[None]:
    """A remedy that sets keys of the data shows how to do it here: the file is not written yet."""
    try:
        yield
    except MicronasError as error:
        if error.remedy and error.settings:
            error.remedy += f" (here: {' '.join(map(_option, error.settings))})"
        raise


def _option(key: str) -> str:
    """The option of ``init`` that sets ``key``, which may have a value."""
    if key == "data.path":
        return "--data PATH"
    return f"--set {key}" if "=" in key else f"--set {key}=VALUE"
