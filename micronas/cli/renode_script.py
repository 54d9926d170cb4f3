"""``micronas renode-script``: files to run a network, or a whole application, in Renode in your own CI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from micronas.cli.options import BoardOption
from micronas.cli.output import typed
from micronas.cli.output_paths import require_writable_folder, writing
from micronas.errors import ConfigError, ModelError
from micronas.host.new_folder import require_new_folder
from micronas.host.temporary_folder import temporary_folder

if TYPE_CHECKING:
    from micronas.board import Board
    from micronas.device.renode.additions import Additions


def renode_script(
    board: BoardOption,
    out: Annotated[Path, typer.Option(help="New or empty folder for the files.")],
    model: Annotated[Path | None, typer.Argument(metavar="[MODEL]", help="int8 .tflite file.")] = None,
    app: Annotated[
        Path | None, typer.Option(help="Your own application's ELF for this board, instead of MODEL.")
    ] = None,
    expect: Annotated[
        str | None, typer.Option(help="With --app: text of a line that it must print on the board's UART.")
    ] = None,
    feed: Annotated[
        Path | None, typer.Option(help="File of samples that the firmware can read at 0x60000000.")
    ] = None,
    include: Annotated[
        Path | None, typer.Option(help="Your own .resc, run once the machine is created and loaded.")
    ] = None,
) -> None:
    """Write firmware, a Renode platform and script, and a Robot Framework test of MODEL or --app."""
    from micronas.board import load_board
    from micronas.device.renode.platform import require_modelled

    if (model is None) == (app is None):
        raise ConfigError(
            "give either MODEL or --app", remedy="micronas renode-script MODEL.tflite --board BOARD --out DIR"
        )
    if (app is None) != (expect is None):
        raise ConfigError(
            "--app and --expect belong together",
            remedy="--expect TEXT: what the application prints on success",
        )
    require_new_folder(out)
    profile = load_board(board)
    require_modelled(profile)
    additions = _additions(feed, include)
    if model is not None:
        files, test = _network(model, profile, out, additions)
    else:
        assert app is not None
        assert expect is not None
        files, test = _application(app, expect, profile, out, additions)
    print(f"{len(files)} files in {out}. Run the test on a machine with Renode:\n  renode-test {typed(test)}")


def _additions(feed: Path | None, include: Path | None) -> Additions:
    from micronas.device.renode.additions import Additions

    for option, path in (("--feed", feed), ("--include", include)):
        if path is not None and not path.is_file():
            raise ConfigError(f"{option} {path}: file not found", remedy="check the path")
    return Additions(feed.read_bytes() if feed else None, include)


def _network(model: Path, board: Board, out: Path, additions: Additions) -> tuple[list[Path], Path]:
    from micronas.codegen.toolchain import require_gcc
    from micronas.deploy.deployment import build, cache_folder, random_samples
    from micronas.device.renode.script import write_scripts
    from micronas.model.interpreter import run_batch
    from micronas.model.tflite import read

    graph = read(model)
    if graph.states:
        raise ModelError(
            f"{model}: keeps states between runs, and the scripts check a single run",
            remedy="`micronas bench` and `micronas test` run it as a sequence",
        )
    require_gcc()
    require_writable_folder("--out", out)
    with temporary_folder() as work:
        built = build(graph, board, workdir=Path(work), cache_dir=cache_folder())
        inputs = random_samples(graph, 1, seed=0)
        outputs = run_batch(graph, inputs)
        with writing("--out", out):
            files = write_scripts(
                out,
                graph,
                board,
                built.firmware,
                built.ledger.plan,
                [values[0] for values in inputs],
                [values[0] for values in outputs],
                additions,
            )
    return files, out / "network.robot"


def _application(
    app: Path, expect: str, board: Board, out: Path, additions: Additions
) -> tuple[list[Path], Path]:
    from micronas.device.renode.app_script import ROBOT, require_elf, write_app_scripts

    require_elf(app)
    require_writable_folder("--out", out)
    with writing("--out", out):
        files = write_app_scripts(out, board, app, expect, additions)
    return files, out / ROBOT
