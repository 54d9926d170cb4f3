"""``micronas export``: a network as a C99 library for any project."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from micronas.cli.options import ModelArgument
from micronas.cli.output import require_new_folder
from micronas.cli.output_paths import writing


def export(
    model: ModelArgument,
    out: Annotated[Path, typer.Option(help="Folder to make; it must not exist, or be empty.")],
    name: Annotated[str | None, typer.Option(help="Name of the library; default: the file's.")] = None,
    remove_constant_channels: Annotated[
        bool, typer.Option(help="Leave out channels that no input can change; outputs stay the same.")
    ] = False,
) -> None:
    """Write MODEL as a self-contained C99 library: model, kernels, CMake and PlatformIO files, host test."""
    from micronas.export import library_files
    from micronas.model.tflite import read

    require_new_folder(out)
    graph = read(model)
    if remove_constant_channels:
        from micronas.model.constant_channels import remove_constant_channels as simplified

        graph = simplified(graph)
    files = library_files(graph, name=name or _word(model.stem))
    _write(files, out)
    print(f"{len(files)} files in {out}; its README.md explains how to use and test it.")


def _word(stem: str) -> str:
    """A file's name as an identifier for build files."""
    word = re.sub(r"\W+", "_", stem, flags=re.ASCII)
    return word if re.match(r"[A-Za-z]", word) else f"model_{word}"


def _write(files: Mapping[str, str], out: Path) -> None:
    """All files or none: they are moved into place after all are written."""
    with writing("--out", out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as scratch:
            for path, text in files.items():
                target = Path(scratch) / "library" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            if out.exists():
                out.rmdir()
            shutil.move(Path(scratch) / "library", out)
