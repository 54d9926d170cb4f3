"""``micronas renode-script``: what somebody needs to run a network in Renode, in a CI of their own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from micronas.cli.options import BoardOption, ModelArgument
from micronas.cli.output import require_new_folder, typed
from micronas.cli.output_paths import require_writable_folder, writing


def renode_script(
    model: ModelArgument,
    board: BoardOption,
    out: Annotated[Path, typer.Option(help="Folder to make; it must not exist, or be empty.")],
) -> None:
    """Write MODEL's firmware, a Renode platform and script, and a Robot Framework test of its outputs."""
    from micronas.board import load_board
    from micronas.codegen.toolchain import require_gcc
    from micronas.deploy.deployment import build, cache_folder, random_samples
    from micronas.device.renode.platform import require_modelled
    from micronas.device.renode.script import write_scripts
    from micronas.model.interpreter import run_batch
    from micronas.model.tflite import read

    require_new_folder(out)
    profile = load_board(board)
    require_modelled(profile)
    graph = read(model)
    require_gcc()
    require_writable_folder("--out", out)
    with tempfile.TemporaryDirectory(prefix="micronas-") as work:
        built = build(graph, profile, workdir=Path(work), cache_dir=cache_folder())
        inputs = random_samples(graph, 1, seed=0)
        outputs = run_batch(graph, inputs)
        with writing("--out", out):
            files = write_scripts(
                out,
                graph,
                profile,
                built.firmware,
                built.ledger.plan,
                [values[0] for values in inputs],
                [values[0] for values in outputs],
            )
    test = typed(out / "network.robot")
    print(f"{len(files)} files in {out}. Run the test where Renode is:\n  renode-test {test}")
