"""``micronas export``: a network as a C99 library for any project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from micronas.cli.options import DataOption, ModelArgument


def export(
    model: ModelArgument,
    out: Annotated[Path, typer.Option(help="Folder to make; it must not exist, or be empty.")],
    name: Annotated[str | None, typer.Option(help="Name of the library; default: the file's.")] = None,
    data: DataOption = None,
    remove_constant_channels: Annotated[
        bool, typer.Option(help="Remove channels that no input can change; outputs stay the same.")
    ] = False,
) -> None:
    """Write MODEL as a self-contained C99 library with build files of the usual tools and a test."""
    from micronas.api.export import export as export_model

    export_model(model, out, name=name, remove_constant_channels=remove_constant_channels, calibration=data)
    files = sum(path.is_file() for path in out.rglob("*"))
    print(f"{files} files in {out}; its README.md explains how to use and test it.")
