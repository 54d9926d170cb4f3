"""The calibration network on a board: built for a clock and a memory, measured, and its ops counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from micronas.board import Board
from micronas.deploy.calibration.fit import Observed
from micronas.deploy.calibration.network import calibration_graph
from micronas.deploy.deployment import Built, Samples, build, random_samples
from micronas.errors import BudgetError
from micronas.firmware import Firmware
from micronas.latency.counts.classes import ClassCounts

Measure: TypeAlias = Callable[[Firmware, Samples], Sequence[float]]
"""Cycles of each op of a firmware's network on the board, in the order of running."""

Count: TypeAlias = Callable[[Built, Samples], Sequence[ClassCounts]]
"""Class counts of the same ops."""


class Probes:
    """Builds below ``workdir``; the same C code is counted once, whatever the clock and the memory."""

    def __init__(self, measure: Measure, count: Count, workdir: Path, cache_dir: Path | None) -> None:
        self._measure, self._count = measure, count
        self._workdir, self._cache_dir = workdir, cache_dir
        self._graph = calibration_graph()
        self._samples = random_samples(self._graph, 1, seed=0)
        self._counted: list[tuple[dict[str, str], Sequence[ClassCounts]]] = []
        self._builds = 0

    def observe(self, board: Board) -> list[Observed]:
        """Every op that executes anything, on ``board``. Raises what building and measuring raise."""
        workdir = self._workdir / str(self._builds)
        self._builds += 1
        built = build(self._graph, board, workdir=workdir, cache_dir=self._cache_dir)
        counts = self._counts(built)
        cycles = self._measure(built.firmware, self._samples)
        wait_states, memory = board.region("flash").wait_states, str(built.ledger.arena_location)
        names = (f"op {i} {self._graph.ops[i].kind}" for i in built.ledger.plan.order)
        return [
            Observed(name, one, float(took), wait_states, memory)
            for name, one, took in zip(names, counts, cycles, strict=True)
            if one.insn > 0
        ]

    def observe_if_it_fits(self, board: Board) -> list[Observed]:
        """``observe``, or nothing where the memories of ``board`` are too small for the network."""
        try:
            return self.observe(board)
        except BudgetError:
            return []

    def _counts(self, built: Built) -> Sequence[ClassCounts]:
        for sources, counts in self._counted:
            if sources == built.sources:
                return counts
        counts = self._count(built, self._samples)
        self._counted.append((built.sources, counts))
        return counts
