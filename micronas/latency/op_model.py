"""From shapes to cycles without running anything: prices per kernel class, fitted once per core.

``op_costs.json`` holds, for each core and kernel class (``fine_features``), what each feature of an op
costs in cycles of the core and in missed lines of flash, behind each kind of accelerator. It is made by
``python -m benchmarks.latency.fit`` from the class counts (``counts/``) of generated ops of many shapes,
which also prints its errors on other ops. A network is the sum of its ops, as in the full model, except that
an op does not profit from what the previous op left in the caches.
"""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from micronas.board import Board, Core
from micronas.codegen.lowering import Lowered
from micronas.errors import BoardError
from micronas.latency.core_model import TimingModel, accelerators, timing_model
from micronas.latency.features import OpFeatures, classes_before_training
from micronas.latency.fine_features import fine_features_of
from micronas.latency.nnls import Vector, nnls
from micronas.model.graph import Graph
from micronas.trial import Json, Latency, Source

COSTS = Path(__file__).with_name("op_costs.json")
CODES: dict[Core, tuple[str, ...]] = {
    Core.M4F: ("stm32l4", "stm32f4"),
    Core.M3: ("stm32f4", "stm32f1"),
    Core.M0PLUS: ("stm32g0",),
}
"""Cores whose code is fitted, and the flash accelerators for which misses are counted. M7 and M33 run the
M4's kernels.
"""

FOLDS = 5
_DATA_ONLY = "/data"
_CALL_CYCLES = 60.0
"""Between two ops: the call, the return and the table of ops."""

_Prices: TypeAlias = dict[str, list[float]]


def data_only(family: str) -> str:
    """What the prices of missed lines behind an accelerator are called, without those of instructions."""
    return family + _DATA_ONLY


@dataclass(frozen=True)
class OpCounts:
    """One op: its features, its cycles without waiting for flash, and its misses by accelerator."""

    features: OpFeatures
    cycles: float
    misses: dict[str, float]


@dataclass(frozen=True)
class OpTime:
    """The expected cost of one op."""

    cycles: float
    misses: float


class OpModel:
    """Prices of one core behind one accelerator."""

    def __init__(self, prices: dict[str, dict[str, list[float]]], family: str) -> None:
        known = {name: p for name, p in prices.items() if _is_determined(name, prices)}
        self._cycles = {name: tuple(p["cycles"]) for name, p in known.items()}
        self._misses = {name: tuple(p[family]) for name, p in known.items()}
        only = data_only(family)
        self._data_misses = {name: tuple(p.get(only, p[family])) for name, p in known.items()}
        self._choices: dict[str, tuple[str, ...]] = {}

    def op(self, features: OpFeatures) -> OpTime:
        """The op; if its kernel was not fitted, with the prices of the nearest one."""
        name, values = self._nearest(features), features.values
        return OpTime(sumprod(self._cycles[name], values), sumprod(self._misses[name], values))

    def untrained_op(self, features: OpFeatures) -> OpTime:
        """The op in the cheapest of the classes that its scales may put it in."""
        names, values = self._known_classes(features.kernel_class), features.values
        if not names:
            return self.op(features)
        cycles, name = min((sumprod(self._cycles[name], values), name) for name in names)
        return OpTime(cycles, sumprod(self._misses[name], values))

    def code_misses(self, features: OpFeatures) -> float:
        """Missed lines of instructions among ``misses``: none where the kernels run from RAM."""
        name, values = self._nearest(features), features.values
        return max(0.0, sumprod(self._misses[name], values) - sumprod(self._data_misses[name], values))

    def _known_classes(self, kernel_class: str) -> tuple[str, ...]:
        """The fitted classes among those that an op may turn out to be in."""
        if kernel_class not in self._choices:
            classes = (c.kernel_class for c in classes_before_training(OpFeatures(kernel_class, ())))
            self._choices[kernel_class] = tuple(name for name in classes if name in self._cycles)
        return self._choices[kernel_class]

    @functools.cache  # noqa: B019 - lives as long as the process, one per core
    def _alike(self, kernel_class: str, length: int) -> str:
        """The fitted class that is most similar to ``kernel_class`` and has the same number of features."""
        fitting = [n for n, p in self._cycles.items() if len(p) == length]
        if not fitting:
            raise BoardError(
                f"there are no prices for kernel {kernel_class}",
                remedy="this is a bug: the prices that come with micronas lack it; report this message",
            )
        return max(sorted(fitting), key=lambda name: _common(name, kernel_class))

    def _nearest(self, features: OpFeatures) -> str:
        if features.kernel_class in self._cycles:
            return features.kernel_class
        return self._alike(features.kernel_class, len(features.values))


def _is_determined(name: str, prices: dict[str, _Prices]) -> bool:
    """Whether a class was fitted on at least as many ops as it has features, or is the best one of its
    kernel.
    """

    def share(other: str) -> float:
        return prices[other]["ops"] / len(prices[other]["cycles"])  # type: ignore[operator]

    alike = [n for n in prices if n.partition("/")[0] == name.partition("/")[0]]
    return share(name) >= 1.0 or share(name) == max(share(n) for n in alike)


def sumprod(prices: Sequence[float], values: Sequence[float]) -> float:
    """Sum of products: faster than NumPy for a dozen numbers (``math.sumprod`` is of Python 3.12)."""
    return float(sum(map(operator.mul, prices, values)))


def _common(a: str, b: str) -> int:
    """Length of the common prefix, and a point for each switch that is the same."""
    prefix = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return prefix + len(set(a.split("/")) & set(b.split("/")))


@dataclass(frozen=True)
class BoardLatency:
    """Modelled latency of networks on one board, from shapes alone."""

    board: Board
    timing: TimingModel
    model: OpModel

    def of(
        self,
        graph: Graph,
        lowered: Sequence[Lowered],
        *,
        trained: bool = True,
        memory: str = "",
        ram_code: bool = False,
    ) -> Latency:
        """The latency of a lowered network; ``trained``: it has weights and scales.

        ``memory`` is where its arena lies, which a calibrated board may know the cost of. With ``ram_code``,
        its kernels run from RAM and wait for no instruction.
        """
        timed = self.model.op if trained else self.model.untrained_op
        features = fine_features_of(graph, lowered)
        ops = [timed(f) for f in features]
        if ram_code:
            code = map(self.model.code_misses, features)
            ops = [replace(op, misses=op.misses - one) for op, one in zip(ops, code, strict=True)]
        return self._in_memory(memory).sum(ops)

    def _in_memory(self, memory: str) -> BoardLatency:
        if self.board.calibration is None or memory not in self.board.calibration.memories:
            return self
        return replace(self, timing=timing_model(self.board, memory))

    def sum(self, ops: Sequence[OpTime]) -> Latency:
        """The cycles of the ops of a network and of the calls between them."""
        core = sum(op.cycles for op in ops) + _CALL_CYCLES * len(ops)
        missed = sum(op.misses for op in ops)
        scale = self.timing.scale if self.timing.shapes_scale is None else self.timing.shapes_scale
        cycles = scale * core + self.timing.scale * self.timing.miss_cycles * missed
        return modelled_latency(cycles, self.timing, self.board)


def modelled_latency(
    cycles: float, timing: TimingModel, board: Board, instructions: int | None = None
) -> Latency:
    """``cycles`` on ``board``, with the range of its core's model."""
    ms = 1000.0 * cycles / board.clock.hz
    return Latency(
        ms,
        Source.MODELLED,
        instructions=instructions,
        cycles=round(cycles),
        core=board.core.value,
        clock_hz=board.clock.hz,
        low_ms=ms * (1.0 - timing.error),
        high_ms=ms * (1.0 + timing.error),
        wait_states=timing.wait_states,
    )


def board_latency(board: Board) -> BoardLatency:
    """The per-op model of ``board``; raises ``BoardError`` if its core or chip family is not modelled."""
    timing = timing_model(board)
    core = board.core if board.core in CODES else Core.M4F
    family = _family_of(timing, CODES[core])
    return BoardLatency(board, timing, _op_model(core, family))


@functools.cache
def _op_model(core: Core, family: str) -> OpModel:
    return OpModel(_prices_of(core, family), family)


def _prices_of(core: Core, family: str) -> dict[str, dict[str, list[float]]]:
    """The prices of ``core``, and those of a Cortex-M3 for portable kernels that were not fitted on it.

    Where a DSP kernel lacks memory, a search's gate takes a portable one. Its code has no DSP instructions,
    so it is nearly the same on both cores.
    """
    prices = op_costs()
    own, lender = prices[core.value], prices[Core.M3.value]
    if core is Core.M0PLUS:
        return own
    fitted = {name.partition("/")[0] for name in own}
    lent = {name: p for name, p in lender.items() if name.partition("/")[0] not in fitted}
    flash = family if family in CODES[Core.M3] else CODES[Core.M3][0]
    return {**own, **{name: {**p, family: p[flash]} for name, p in lent.items()}}


def _family_of(timing: TimingModel, fitted: tuple[str, ...]) -> str:
    wanted = (timing.accelerator.instructions, timing.accelerator.data)
    for family in fitted:
        one = accelerators()[family]
        if (one.instructions, one.data) == wanted:
            return family
    raise BoardError(
        f"there are no prices for {timing.core.value} with this chip's flash",
        remedy="set latency.source: emulated, or measured with a board; these need no prices",
    )


@functools.cache
def op_costs() -> dict[str, dict[str, _Prices]]:
    """The committed prices: core, kernel class, then cycles and each accelerator."""
    costs: dict[str, dict[str, _Prices]] = json.loads(COSTS.read_text(encoding="utf-8"))
    return costs


def fit_prices(ops: Sequence[OpCounts]) -> dict[str, dict[str, Json]]:
    """Prices of every kernel class in ``ops``, by non-negative least squares of relative errors."""
    fitted: dict[str, dict[str, Json]] = {}
    for name, group in _by_class(ops).items():
        prices: dict[str, Any] = {"cycles": _rounded(_fit(group, [op.cycles for op in group]))}
        for family in group[0].misses:
            prices[family] = _rounded(_fit(group, [op.misses[family] for op in group]))
        fitted[name] = {**prices, "ops": len(group)}
    return fitted


def cross_validated(ops: Sequence[OpCounts]) -> dict[str, tuple[int, float, float]]:
    """For each class: number of ops, and median relative errors of cycles and misses on ops outside the
    fit.
    """
    return {name: (len(group), *_left_out(group)) for name, group in _by_class(ops).items()}


def _left_out(group: list[OpCounts]) -> tuple[float, float]:
    family = next(iter(group[0].misses))
    errors: list[list[float]] = [[], []]
    for fold in range(FOLDS):
        seen = [op for i, op in enumerate(group) if i % FOLDS != fold]
        for which, counts in enumerate(([op.cycles for op in seen], [op.misses[family] for op in seen])):
            if not seen:
                continue
            prices = _fit(seen, counts)
            for op in group[fold::FOLDS]:
                actual = (op.cycles, op.misses[family])[which]
                errors[which].append(abs(float(prices @ op.features.values) - actual) / max(actual, 1.0))
    return (float(np.median(errors[0] or [np.nan])), float(np.median(errors[1] or [np.nan])))


def _fit(group: Sequence[OpCounts], counts: Sequence[float]) -> Vector:
    rows = np.array([op.features.values for op in group])
    weights = 1.0 / np.maximum([op.cycles for op in group], 1.0)
    scaled = rows * weights[:, np.newaxis]
    return nnls(scaled.T @ scaled, scaled.T @ (np.array(counts) * weights))


def _by_class(ops: Sequence[OpCounts]) -> dict[str, list[OpCounts]]:
    groups: dict[str, list[OpCounts]] = {}
    for op in ops:
        groups.setdefault(op.features.kernel_class, []).append(op)
    return groups


def _rounded(values: Vector) -> list[float]:
    return [float(f"{v:.6g}") for v in values]
