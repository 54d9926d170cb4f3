"""The per-op model against the full one on random networks: rank correlation, error, host time.

    python -m benchmarks.latency.ranking [--networks 200] [--space cell ...] [--board NAME] [--seed N]

Networks are drawn from each space with a seed that the fit did not use, given made-up weights, and counted
in the emulator, each op by the steps that the memory plan of its network has room for; the per-op model sees
the shapes and that plan only, as in a search. Instructions and multiply-accumulates stand beside it. Writes
ranking.json and ranking.md. A run takes about five seconds per network; with ``--kept FOLDER``, counts are
kept there, and a run that was interrupted continues.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.latency.harness import Harness
from benchmarks.latency.shapes import batches, merged
from micronas.board import Board, Core, load_board
from micronas.config import SpaceConfig
from micronas.errors import plural
from micronas.estimate.rank import kendall_tau
from micronas.latency.counts.classes import ClassCounts
from micronas.latency.op_model import CODES, board_latency
from micronas.memory.ledger import Ledger, make_ledger
from micronas.model.graph import Graph
from micronas.model.net import shape_graph
from micronas.space import make_space
from micronas.space.reference.random_weights import random_weights

FOLDER = Path(__file__).parent
BOARD = "nucleo_l4r5zi"
"""Unless another board is named."""
SPACES = {
    "layerwise": (SpaceConfig(name="layerwise", max_blocks=4, max_width=32), (12, 12, 1)),
    "cell": (SpaceConfig(name="cell", max_width=8), (8, 8, 1)),
    "micronets": (SpaceConfig(name="micronets", max_width=64), (14, 10, 1)),
    "mlp": (SpaceConfig(name="mlp", max_width=128), (96,)),
}
"""Small inputs: what is compared does not depend on them, and a network takes seconds to count as it is."""
SEED = 2026
"""Unless another is given: networks that led to a change of the prices are no test of them."""
MAX_MACS = 3_000_000
PASSES = 5
"""Predictions of all networks that are timed; the fastest counts, as other programs slow the others down."""
MERGED_OPS = 20
"""Networks of more ops run alone: planning many branches side by side takes longer than a run."""


@dataclass(frozen=True)
class Drawn:
    """A network by its shapes, and with weights."""

    shapes: Graph
    graph: Graph
    macs: int
    ledger: Ledger


def drawn(space: str, count: int, board: Board, seed: int = SEED) -> list[Drawn]:
    """``count`` different networks of a space, as ``board`` would run them."""
    config, input_shape = SPACES[space]
    made, rng = make_space(config, input_shape, 8), np.random.default_rng(seed)
    found: dict[str, Drawn] = {}
    while len(found) < count:
        arch = made.sample(rng)
        net = made.net(arch)
        if net.macs <= MAX_MACS:
            shapes = shape_graph(net)
            ledger = make_ledger(shapes, board)
            one = Drawn(shapes, random_weights(shapes, len(found)), net.macs, ledger)
            found.setdefault(made.key(arch), one)
    return list(found.values())


def counted(networks: list[Drawn], harness: Harness) -> Iterator[ClassCounts]:
    """Class counts of each network; several share a run, with the scratch that each has alone."""
    merge = max(len(n.graph.ops) for n in networks) <= MERGED_OPS
    scratch = (low.scratch_bytes for n in networks for low in n.ledger.lowered)
    for batch in batches(n.graph for n in networks) if merge else ([n.graph] for n in networks):
        graph = merged(batch)
        free_bytes = list(itertools.islice(scratch, len(graph.ops)))
        ops = harness.count(graph, free_bytes=free_bytes).counts[0]
        first = 0
        for graph in batch:
            last = first + len(graph.ops)
            yield sum(ops[first:last], ClassCounts())
            first = last


def judge(networks: list[Drawn], harness: Harness, board: Board) -> dict[str, float]:
    """The figures of one space."""
    model = board_latency(board)
    counts = list(counted(networks, harness))
    full = [1000.0 * model.timing.cycles(c).value / board.clock.hz for c in counts]
    model.of(networks[0].shapes, networks[0].ledger.lowered, trained=False)  # the prices are read once
    passes = []
    for _ in range(PASSES):
        start = time.process_time()
        said = [model.of(n.shapes, n.ledger.lowered, trained=False).ms for n in networks]
        passes.append(1000.0 * (time.process_time() - start) / len(networks))
    host_ms = min(passes)
    start = time.process_time()
    for network in networks:
        make_ledger(network.shapes, board)
    ledger_ms = 1000.0 * (time.process_time() - start) / len(networks)
    errors = np.array(said) / np.array(full) - 1.0
    per_instruction = [ms / c.insn for ms, c in zip(full, counts, strict=True)]
    return {
        "networks": len(networks),
        "tau": _tau(said, full),
        "tau_instructions": _tau([c.insn for c in counts], full),
        "tau_macs": _tau([n.macs for n in networks], full),
        "median_error": float(np.median(np.abs(errors))),
        "largest_error": float(np.abs(errors).max()),
        "cycles_per_instruction_spread": max(per_instruction) / min(per_instruction),
        "host_ms": host_ms,
        "ledger_ms": ledger_ms,
    }


def _tau(a: list[float] | list[int], b: list[float]) -> float:
    tau = kendall_tau([float(x) for x in a], b)
    assert tau is not None
    return tau


Results: TypeAlias = dict[str, dict[str, dict[str, float]]]
"""By board, then by space."""


def page(results: Results) -> str:
    """The committed table."""
    lines = [
        "# The per-op model against the full one",
        "",
        "Random networks by `python -m benchmarks.latency.ranking [--board BOARD]`. Modelled against",
        "modelled: neither is a measurement. Tau is Kendall's rank correlation with the full model's cycles.",
        "Host time is that of a prediction; the memory ledger that it is made of stands beside it: the gate",
        "computes that anyway.",
    ]
    for name, spaces in results.items():
        board = load_board(name)
        wait_states = plural(board.region("flash").wait_states, "wait state")
        lines += [
            "",
            f"## {name}, {board.core.value}, {wait_states}",
            "",
            "| space | networks | seed | tau, per-op model | tau, instructions | tau, MACs "
            "| median error | largest | host, ms | ledger, ms |",
            "|---|---|---|---|---|---|---|---|---|---|",
            *(_line(space, spaces[space]) for space in SPACES if space in spaces),
        ]
    return "\n".join(lines) + "\n"


def _line(space: str, r: dict[str, float]) -> str:
    taus = f"{r['tau']:.3f} | {r['tau_instructions']:.3f} | {r['tau_macs']:.3f}"
    errors = f"{100 * r['median_error']:.1f} % | {100 * r['largest_error']:.1f} %"
    host = f"{r['host_ms']:.2f} | {r['ledger_ms']:.1f}"
    return f"| {space} | {r['networks']:.0f} | {r.get('seed', SEED):.0f} | {taus} | {errors} | {host} |"


def main() -> int:
    """Draw, count, compare, write; exit code 1 if a tau is below 0.95."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--space", action="append", choices=list(SPACES), help="only these")
    parser.add_argument("--board", default=BOARD)
    parser.add_argument("--seed", type=int, default=SEED, help="of the draw")
    parser.add_argument("--kept", type=Path, help="folder of counts; those it holds are not counted again")
    arguments = parser.parse_args()
    if arguments.kept is not None:
        arguments.kept.mkdir(parents=True, exist_ok=True)
    target, board = FOLDER / "ranking.json", load_board(arguments.board)
    taus = []
    accelerator = board_latency(board).timing.accelerator
    core = board.core if board.core in CODES else Core.M4F
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(core, [accelerator], Path(folder), arguments.kept)
        for space in arguments.space or list(SPACES):
            judged = judge(drawn(space, arguments.networks, board, arguments.seed), harness, board)
            judged["seed"] = arguments.seed
            taus.append(judged["tau"])
            results: Results = json.loads(target.read_text(encoding="utf-8")) if target.is_file() else {}
            results.setdefault(board.name, {})[space] = judged
            print(board.name, space, {k: round(v, 4) for k, v in judged.items()}, flush=True)
            target.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            (FOLDER / "ranking.md").write_text(page(results), encoding="utf-8")
    return 1 if min(taus) < 0.95 else 0


if __name__ == "__main__":
    sys.exit(main())
