"""Runs every board in the installed Renode, compares every output and every count, and prints the table.

    python tools/check_renode.py [--board NAME]... [--models FOLDER] [--qemu] [--write]

The networks and the expected counts are in benchmarks/renode/counts.csv. Exit code 1 if an
output differs, a count is off by more than Renode's own spread, or a board does not run at all. `--qemu`
counts in QEMU, too; `--write` writes the new figures to the file, for tools/write_boards_page.py.
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from renode_counts import Count, read_counts, write_counts

from micronas.board import load_board
from micronas.deploy.deployment import Deployment, cache_folder, deploy, random_samples
from micronas.device.renode import require_renode
from micronas.device.targets import Device, Qemu, Renode
from micronas.errors import MicronasError
from micronas.model.tflite import read

MODELS = Path(__file__).resolve().parents[2] / "shared" / "models"
SAMPLES = 2
SPREAD_INSTRUCTIONS = 64
SPREAD = 3e-5


def is_off(found: Count, committed: Count) -> bool:
    """Whether the count differs by more than blocks cut short, or an output differs."""
    allowed = max(SPREAD_INSTRUCTIONS, SPREAD * committed.renode_instructions)
    difference = abs(found.renode_instructions - committed.renode_instructions)
    return found.mismatches > 0 or difference > allowed


def count_anew(committed: Count, models: Path, version: str, *, qemu: bool) -> Count:
    """The same network on the same board, run now; raises the ``MicronasError`` of what fails."""
    deployed = _deploy(committed, models, Renode())
    parity = deployed.measurement.parity
    in_qemu = _instructions(_deploy(committed, models, Qemu())) if qemu else committed.qemu_instructions
    return Count(
        committed.board,
        committed.model,
        _instructions(deployed),
        in_qemu,
        int(parity.mismatches),
        parity.elements,
        version,
    )


def _deploy(count: Count, models: Path, device: Device) -> Deployment:
    graph = read(models / f"{count.model}.tflite")
    with tempfile.TemporaryDirectory(prefix="micronas-") as work:
        return deploy(
            graph,
            load_board(count.board),
            random_samples(graph, SAMPLES, seed=0),
            device=device,
            workdir=Path(work),
            cache_dir=cache_folder(),
        )


def _instructions(deployed: Deployment) -> int:
    instructions = deployed.measurement.latency.instructions
    assert instructions is not None, "an emulator counts instructions"
    return instructions


def line(found: Count, committed: Count) -> str:
    """A row of the table."""
    cells = (
        found.board,
        found.model,
        f"{found.renode_instructions:,}",
        f"{committed.renode_instructions:,}",
        f"{found.qemu_instructions:,}" if found.qemu_instructions else "",
        f"{found.mismatches} of {found.output_elements:,}",
        "OFF" if is_off(found, committed) else "ok",
    )
    return f"| {' | '.join(cells)} |"


HEADER = (
    "| board | model | instructions | committed | QEMU | outputs that differ | |\n"
    "|---|---|---:|---:|---:|---:|---|"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and compare; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--board", action="append", help="only this board; repeatable")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the published .tflite files")
    parser.add_argument("--qemu", action="store_true", help="count in QEMU, too")
    parser.add_argument("--write", action="store_true", help="write the figures to the committed file")
    given = parser.parse_args(arguments)
    try:
        version = require_renode()
    except MicronasError as error:
        print(f"check_renode: {error}", file=sys.stderr)
        return 2
    version = f"{re.sub(r'^Renode,? v?', '', version)}, {datetime.date.today()}"
    print(f"Renode {version}\n\n{HEADER}")
    return _run(given, version)


def _run(given: argparse.Namespace, version: str) -> int:
    counts, wrong = read_counts(), 0
    for at, committed in enumerate(counts):
        if given.board and committed.board not in given.board:
            continue
        try:
            found = count_anew(committed, given.models, version, qemu=given.qemu)
        except MicronasError as error:
            wrong += 1
            print(f"| {committed.board} | {committed.model} | FAILED: {error.message} |", flush=True)
            continue
        wrong += is_off(found, committed)
        print(line(found, committed), flush=True)
        counts[at] = replace(found)
    if given.write:
        write_counts(counts)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
