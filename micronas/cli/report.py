"""``micronas report``: the page of a run, at any time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from micronas.cli.of_board import say_board
from micronas.cli.options import RunArgument, run_folder
from micronas.cli.output_paths import draft_of, writing
from micronas.errors import ConfigError


def report(
    run: RunArgument,
    out: Annotated[Path | None, typer.Option(help="Where to write; default: RUN/report.html.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also write the Pareto front as an SVG file.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Serve an up-to-date page on this machine until Ctrl-C.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, max=65535, help="With --live: port. Default: a free one."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(metavar="X", min=0.0, help="With --live: stop after this time.")
    ] = None,
) -> None:
    """Write the self-contained HTML page of a run, even while it is still searching."""
    from micronas.report import write_picture, write_report
    from micronas.store import Store

    if live:
        if out is not None or picture is not None:
            raise ConfigError(
                "--live writes no files", remedy="leave out --out and --picture, or leave out --live"
            )
        _serve(run_folder(run), port or 0, minutes)
        return
    if port is not None or minutes is not None:
        raise ConfigError("--port and --minutes need --live", remedy="add --live, or leave them out")
    with Store.read(run_folder(run)) as store:
        page = out or store.folder / "report.html"
        with writing("--out", page):
            page.parent.mkdir(parents=True, exist_ok=True)
            print(write_report(store, page))
        if picture is not None:
            say_board(store, None, option=False)
            with draft_of("--picture", picture) as draft:
                write_picture(store, draft)
            print(picture)


def _serve(folder: Path, port: int, minutes: float | None) -> None:
    from micronas.report.live import serving
    from micronas.store import Store

    with Store.read(folder):
        pass  # refused here, not in the browser
    end_s = None if minutes is None else time.monotonic() + 60 * minutes
    try:
        with serving(folder, port) as address:
            print(f"{address}    (Ctrl-C ends it)", flush=True)
            while end_s is None or time.monotonic() < end_s:
                time.sleep(1.0 if end_s is None else max(0.0, min(1.0, end_s - time.monotonic())))
    except KeyboardInterrupt:
        print()
