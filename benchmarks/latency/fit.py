"""Fit the per-op model of the search on ops of many shapes, and say how well it does on ops left out.

    python -m benchmarks.latency.fit             # every core; writes micronas/latency/op_costs.json
    python -m benchmarks.latency.fit --cases 95  # fewer shapes, to try a kernel
    python -m benchmarks.latency.fit --kernel mn_add  # only kernels of that name; keeps the others' prices

Run it again after a change of a kernel or of its lowering. Everything is counted, nothing is timed, so the
same kernels and compiler give the same file. It takes about twenty minutes. With ``--kernel``, other ops run
side by side, which moves code and data in flash: prices then differ slightly from those of a whole fit.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.engine.emulate import REPOSITORY
from benchmarks.latency.harness import Harness
from benchmarks.latency.shapes import (
    batches,
    cases,
    chains,
    converted,
    few_channels,
    merged,
    one_channel_stems,
    square_convolutions,
    stems,
)
from micronas.board import Core
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.blocks import MAX_BYTES
from micronas.codegen.lowering.lower import lower_graph
from micronas.latency.core_model import accelerators, model_of
from micronas.latency.counts.classes import ClassCounts
from micronas.latency.features import OpFeatures
from micronas.latency.fine_features import fine_features_of
from micronas.latency.op_model import CODES, COSTS, OpCounts, cross_validated, data_only, fit_prices
from micronas.model.graph import Graph

sys.path.insert(0, str(REPOSITORY))
from tests.support.random_cases import CASES, random_case

SEED = 18
CASES_PER_CORE = 1000
_NOTHING_FREE = 0.15
RARE_CASES = 5
"""Of each op of ``random_cases``, so that every kernel has some."""
DIRECT = ("mn_conv2d_direct_s8", "mn_depthwise_direct_s8")
DIRECT_CASES = 60

TILES = "mn_conv2d_tiles_dsp"
TILED_CASES, TILES_FROM_BYTES = 80, 6_000
"""Few of the other shapes run by tiles, and those only with much scratch."""

STEM = "mn_conv2d_stem_dsp"
STEM_CASES = 60

FEW = "mn_conv2d_few_dsp"
FEW_CASES = 160

LINES = "mn_conv2d_lines"
LINES_CASES = 144

PORTABLE = "mn_conv2d_s8"
PORTABLE_CASES = 80


def collect(
    core: Core, families: tuple[str, ...], count: int, kernels: tuple[str, ...] = ("",)
) -> list[OpCounts]:
    """Features and counts of every op of ``count`` cases on ``core``.

    Only of networks in which a kernel runs whose name begins like one of ``kernels``, and only of its ops.
    """
    shapes, sequences, steps, scales = np.random.default_rng(SEED).spawn(4)
    series = (
        cases(shapes, count),
        chains(sequences, count // 15),
        rare_cases(),
        converted(scales, count // 12),
        portable_convolutions(),
    )
    found: list[OpCounts] = []
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(core, [accelerators()[f] for f in families], Path(folder))
        wanted = ((g for g in one if _runs(g, Target(core), kernels)) for one in series)
        for batch in itertools.chain.from_iterable(map(batches, wanted)):
            graph = merged(batch)
            counted = harness.count(graph, free_bytes=[_free_bytes(steps) for _ in graph.ops])
            features = fine_features_of(graph, counted.lowered)
            found += _ops(core, families, features, counted.counts)
        found += _without_scratch(harness, core, families, kernels)
        found += _by_tiles(harness, core, families, kernels) if core.has_dsp else []
        found += _by_stem(harness, core, families, kernels) if core.has_dsp else []
        found += _by_few_channels(harness, core, families, kernels) if core.has_dsp else []
        found += _by_lines(harness, core, families, kernels) if core.has_dsp else []
    return [op for op in found if op.features.kernel_class.startswith(kernels)]


def _without_scratch(
    harness: Harness, core: Core, families: tuple[str, ...], kernels: tuple[str, ...]
) -> list[OpCounts]:
    """The kernels that run only without scratch, on shapes of their own draws."""
    target, drawn = Target(core, no_scratch=True), cases(np.random.default_rng([SEED, 1]), DIRECT_CASES)
    wanted = (g for g in drawn if _runs(g, target, kernels) and _runs(g, target, DIRECT))
    found: list[OpCounts] = []
    for batch in batches(wanted):
        graph = merged(batch)
        counted = harness.count(graph, no_scratch=True)
        found += _ops(core, families, fine_features_of(graph, counted.lowered), counted.counts)
    return [op for op in found if op.features.kernel_class.startswith(DIRECT)]


def _by_tiles(
    harness: Harness, core: Core, families: tuple[str, ...], kernels: tuple[str, ...]
) -> list[OpCounts]:
    """3x3 convolutions by tiles of outputs, in steps of any size, on shapes of their own draws."""
    if not TILES.startswith(kernels):
        return []
    rng, found = np.random.default_rng([SEED, 2]), list[OpCounts]()
    for batch in batches(square_convolutions(rng, TILED_CASES)):
        graph = merged(batch)
        room = [_free_bytes(rng, TILES_FROM_BYTES, never=0.0) for _ in graph.ops]
        counted = harness.count(graph, free_bytes=room)
        found += _ops(core, families, fine_features_of(graph, counted.lowered), counted.counts)
    return [op for op in found if op.features.kernel_class.startswith(TILES)]


def _by_stem(
    harness: Harness, core: Core, families: tuple[str, ...], kernels: tuple[str, ...]
) -> list[OpCounts]:
    """3x3 convolutions of three channels with room for their rows, on shapes of their own draws."""
    drawn = stems(np.random.default_rng([SEED, 3]), STEM_CASES)
    return _with_room(harness, core, families, drawn, STEM) if STEM.startswith(kernels) else []


def _by_lines(
    harness: Harness, core: Core, families: tuple[str, ...], kernels: tuple[str, ...]
) -> list[OpCounts]:
    """First layers of one channel with room for their lines, on shapes of their own draws."""
    drawn = one_channel_stems(np.random.default_rng([SEED, 5]), LINES_CASES)
    return _with_room(harness, core, families, drawn, LINES) if LINES.startswith(kernels) else []


def _by_few_channels(
    harness: Harness, core: Core, families: tuple[str, ...], kernels: tuple[str, ...]
) -> list[OpCounts]:
    """1x1 convolutions of few channels with room for their weights, on shapes of their own draws."""
    drawn = few_channels(np.random.default_rng([SEED, 4]), FEW_CASES)
    return _with_room(harness, core, families, drawn, FEW) if FEW.startswith(kernels) else []


def _with_room(
    harness: Harness, core: Core, families: tuple[str, ...], drawn: Iterator[Graph], kernel: str
) -> list[OpCounts]:
    """Those of ``drawn`` that run by ``kernel`` with as much scratch as they can use."""
    found: list[OpCounts] = []
    for batch in batches(drawn):
        graph = merged(batch)
        counted = harness.count(graph, free_bytes=[MAX_BYTES] * len(graph.ops))
        found += _ops(core, families, fine_features_of(graph, counted.lowered), counted.counts)
    return [op for op in found if op.features.kernel_class.startswith(kernel)]


def _runs(graph: Graph, target: Target, kernels: tuple[str, ...]) -> bool:
    return any(low.kernel.startswith(kernels) for low in lower_graph(graph, target))


def rare_cases() -> Iterator[Graph]:
    """Some ops of every kind, each kind with its own draws: a new kind changes no other."""
    for kind in sorted(CASES):
        rng = np.random.default_rng([SEED, *kind.encode()])
        for _ in range(RARE_CASES):
            yield random_case(kind, rng)


def portable_convolutions() -> Iterator[Graph]:
    """Grouped convolutions and those with a weight of -128, which every core runs by the portable kernel."""
    rng = np.random.default_rng([SEED, *b"portable"])
    drawn = (random_case("CONV_2D", rng) for _ in itertools.count())
    portable = (graph for graph in drawn if _runs(graph, Target(Core.M4F), (PORTABLE,)))
    return itertools.islice(portable, PORTABLE_CASES)


def _free_bytes(rng: np.random.Generator, least: int = 128, never: float = _NOTHING_FREE) -> int:
    """What an op may take for larger steps: nothing, or anything up to what is of use."""
    if rng.random() < never:
        return 0
    return round(math.exp(rng.uniform(math.log(least), math.log(MAX_BYTES))))


def _ops(
    core: Core,
    families: tuple[str, ...],
    features: tuple[OpFeatures, ...],
    counts: Sequence[Sequence[ClassCounts]],
) -> list[OpCounts]:
    ops = []
    for index, feature in enumerate(features):
        cycles = model_of(core, families[0], 0).core_cycles(counts[0][index])
        missed = {}
        for k, family in enumerate(families):
            one = counts[k][index]
            missed[family] = one.flash_insn + one.flash_data
            missed[data_only(family)] = one.flash_data
        ops.append(OpCounts(feature, cycles, missed))
    return ops


def main() -> int:
    """Fit every core, print the errors, write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--cases",
        type=int,
        default=CASES_PER_CORE,
        help="shapes per core with the DSP extension; a fifth of them on others, which have fewer kernels",
    )
    parser.add_argument("--out", type=Path, default=COSTS)
    parser.add_argument("--core", choices=[c.value for c in CODES], help="only this one; keeps the others")
    parser.add_argument(
        "--kernel",
        action="append",
        help="only kernels whose name begins so; keeps the others; may be repeated",
    )
    arguments = parser.parse_args()
    some = arguments.core or arguments.kernel
    fitted = json.loads(COSTS.read_text(encoding="utf-8")) if some and COSTS.is_file() else {}
    for core, families in CODES.items():
        if arguments.core not in (None, core.value):
            continue
        start = time.monotonic()
        count = arguments.cases if core.has_dsp else arguments.cases // 5
        kernels = tuple(arguments.kernel or [""])
        ops = collect(core, families, count, kernels)
        kept = fitted.get(core.value, {}) if arguments.kernel else {}
        others = {name: p for name, p in kept.items() if not name.startswith(kernels)}
        fitted[core.value] = {**others, **fit_prices(ops)}
        print(f"{core.value}: {len(ops)} ops, {time.monotonic() - start:.0f} s")
        for name, (number, cycles, missed) in sorted(cross_validated(ops).items()):
            print(f"  {name:44s}{number:5d} ops, left out: median error {cycles:6.1%}, lines {missed:6.1%}")
    arguments.out.write_text(json.dumps(fitted, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
