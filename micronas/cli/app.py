"""The application: its verbs, and how a refusal leaves it.

Exit codes: 0 done; 1 a negative verdict (``check``: does not fit; ``test``: does not work); 2 refused or
failed, with one message on stderr; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from typing import Annotated

import typer

from micronas import __version__
from micronas.cli import (
    bench,
    boards,
    check,
    compare,
    export,
    flash,
    mlperf,
    networks,
    renode_script,
    report,
    search,
    strategies,
    test,
)
from micronas.cli.doctor import command as doctor
from micronas.cli.streams import prepare_streams
from micronas.errors import MicronasError

app = typer.Typer(
    name="micronas",
    help="Find, build and measure int8 networks for STM32 microcontrollers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"micronas {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.command("search")(search.search)
app.command("compare")(compare.compare)
app.command("bench")(bench.bench)
app.command("check")(check.check)
app.command("test")(test.run_test)
app.add_typer(boards.app, name="boards")
app.command("flash")(flash.flash)
app.command("mlperf")(mlperf.mlperf)
app.command("report")(report.report)
app.add_typer(networks.app, name="networks")
app.command("strategies")(strategies.strategies)
app.command("export")(export.export)
app.command("renode-script")(renode_script.renode_script)
app.command("doctor")(doctor.doctor)


_ROOM = "make room; temporary files go to TMPDIR, compiled objects to XDG_CACHE_HOME"
_RIGHTS = (
    "name another place, or change its owner or mode; temporary files go to TMPDIR, compiled objects to "
    "XDG_CACHE_HOME"
)
_REMEDIES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EROFS: _RIGHTS,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EIO: "the disk or its file system has an error: see the system's log",
    errno.EMFILE: "raise the limit of open files: ulimit -n",
    errno.ENFILE: "raise the limit of open files: ulimit -n",
}
"""What the machine may refuse at any place, whatever micronas does there, and what to do about it."""


_LITTLE_BYTES = 1 << 20


def _full_places(reason: int) -> str:
    """Where there is no room: a write, unlike an open, does not say which file it was for."""
    if reason not in (errno.ENOSPC, errno.EDQUOT):
        return ""
    places = (tempfile.gettempdir(), os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~")), os.getcwd())
    free = {place: shutil.disk_usage(place).free for place in dict.fromkeys(places) if os.path.isdir(place)}
    full = [f"{place} ({left:,} bytes free)" for place, left in free.items() if left < _LITTLE_BYTES]
    return f"{', '.join(full)}: " if full else ""


def main() -> None:
    """Run a verb; a ``MicronasError``, or what the machine refuses, becomes a message and exit code 2."""
    prepare_streams()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except MicronasError as error:
        print(f"micronas: {error.stage}: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        if error.errno not in _REMEDIES:
            raise
        where = f"{error.filename}: " if error.filename is not None else _full_places(error.errno)
        print(f"micronas: system: {where}{error.strerror}\n  {_REMEDIES[error.errno]}", file=sys.stderr)
        raise SystemExit(2) from None
