"""``micronas report``: the page of a run, at any time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from micronas.cli.options import RunArgument, run_folder
from micronas.cli.output_paths import writing


def report(
    run: RunArgument,
    out: Annotated[Path | None, typer.Option(help="Where to write; default: RUN/report.html.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also write the Pareto front as an SVG file.")] = None,
) -> None:
    """Write the self-contained HTML page of a run, even while it is still searching."""
    from micronas.report import write_picture, write_report
    from micronas.store import Store

    with Store.read(run_folder(run)) as store:
        page = out or store.folder / "report.html"
        with writing("--out", page):
            page.parent.mkdir(parents=True, exist_ok=True)
            print(write_report(store, page))
        if picture is not None:
            with writing("--picture", picture):
                picture.parent.mkdir(parents=True, exist_ok=True)
                print(write_picture(store, picture))
