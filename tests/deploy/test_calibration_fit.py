"""Calibration against a board whose weights are known to the test and hidden from the fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from micronas.board import load_board
from micronas.deploy.calibration.fit import Observed, fit_memory, fit_weights
from micronas.errors import DeviceError
from micronas.latency.core_model import timing_model
from micronas.latency.counts.classes import ClassCounts

BOARD = load_board("nucleo_f446re")
PRIOR = timing_model(BOARD)
HIDDEN = {
    **PRIOR.weights,
    "insn": 1.15,
    "ldr": 1.3,
    "ldr_paired": -1.2,
    "ldm_words": 1.25,
    "ldrd": 2.4,
    "taken": 2.3,
}
HIDDEN_MISS = 2.1
"""Cycles of a missed line per wait state; the prior says 1.54."""


def op(rng: np.random.Generator) -> ClassCounts:
    """An op with a mix of its own, as kernels differ: more loads here, more branches there."""
    insn = float(np.exp(rng.uniform(7, 12)))
    loads, words, pairs = rng.uniform(0.02, 0.15), rng.uniform(0.0, 0.25), rng.uniform(0.0, 0.08)
    return ClassCounts(
        insn=insn,
        ldr=loads * insn,
        ldr_paired=rng.uniform(0.2, 0.7) * loads * insn,
        store=rng.uniform(0.01, 0.06) * insn,
        ldm_words=words * insn,
        ldrd=pairs * insn,
        taken=rng.uniform(0.01, 0.06) * insn,
        flash_insn=rng.uniform(0, 0.01) * insn,
        flash_data=rng.uniform(0, 0.08) * insn,
    )


def hidden_cycles(counts: ClassCounts, wait_states: int) -> float:
    core = sum(weight * getattr(counts, name) for name, weight in HIDDEN.items())
    return core + HIDDEN_MISS * wait_states * (counts.flash_insn + counts.flash_data)


def observe(noise: float, ops: int = 40) -> list[Observed]:
    rng = np.random.default_rng(7)
    counts = [op(rng) for _ in range(ops)]
    return [
        Observed(f"op {i}", c, hidden_cycles(c, w) * (1 + noise * rng.standard_normal()), w)
        for w in (5, 0)
        for i, c in enumerate(counts)
    ]


def error_on_new_ops(cycles_of: Sequence[float], counts: Sequence[ClassCounts], wait_states: int) -> float:
    actual = np.array([hidden_cycles(c, wait_states) for c in counts])
    return float(np.abs(np.array(cycles_of) / actual - 1).max())


def test_the_hidden_weights_are_recovered() -> None:
    fitted = fit_weights(observe(noise=0.005), PRIOR)
    for name in ("insn", "ldm_words", "ldrd"):
        assert fitted.weights[name] == pytest.approx(HIDDEN[name], rel=0.08)
    assert fitted.miss_cycles_per_wait_state == pytest.approx(HIDDEN_MISS, rel=0.05)
    assert abs(fitted.weights["insn"] - HIDDEN["insn"]) < abs(PRIOR.weights["insn"] - HIDDEN["insn"])


def test_the_bar_is_narrower_than_before_and_holds_for_ops_it_did_not_see() -> None:
    fitted = fit_weights(observe(noise=0.01), PRIOR)
    board = BOARD.model_copy(update={"calibration": fitted.calibration("a test")})
    model = timing_model(board)
    assert model.error < 0.05 < PRIOR.error
    assert fitted.error_before > 3 * fitted.error
    rng = np.random.default_rng(99)
    fresh = [op(rng) for _ in range(30)]
    assert error_on_new_ops([model.cycles(c).value for c in fresh], fresh, 5) <= 2 * fitted.error
    assert error_on_new_ops([PRIOR.cycles(c).value for c in fresh], fresh, 5) > 0.10


def test_a_board_like_its_model_keeps_its_weights() -> None:
    counts = [o.counts for o in observe(noise=0.0)]
    exact = [
        Observed("op", c, replace(PRIOR, miss_cycles=PRIOR.miss_cycles * w / 5).cycles(c).value, w)
        for w in (5, 0)
        for c in counts
    ]
    fitted = fit_weights(exact, PRIOR)
    assert fitted.weights == pytest.approx(PRIOR.weights, abs=1e-6)
    assert fitted.core_factor == pytest.approx(1.0)


def test_what_a_slower_memory_costs_is_found_and_used_for_networks_that_lie_there() -> None:
    here = [o for o in observe(noise=0.003) if o.wait_states == 5]
    extra = [0.5 * (c.ldr + c.store + c.ldm_words + 2 * c.ldrd) for c in (o.counts for o in here)]
    there = [replace(o, cycles=o.cycles + more, memory="dtcm") for o, more in zip(here, extra, strict=True)]
    fitted = fit_weights(observe(noise=0.003), PRIOR)
    model = timing_model(BOARD.model_copy(update={"calibration": fitted.calibration("a test")}))
    cost = fit_memory(there, here, model)
    assert cost.cycles_per_access == pytest.approx(0.5, rel=0.02)
    kept = replace(fitted, memories={"dtcm": cost}).calibration("a test")
    board = BOARD.model_copy(update={"calibration": kept})
    slower, faster = timing_model(board, "dtcm"), timing_model(board)
    assert slower.cycles(there[0].counts).value == pytest.approx(there[0].cycles, rel=0.05)
    assert faster.cycles(here[0].counts).value == pytest.approx(here[0].cycles, rel=0.05)
    assert slower.shapes_scale is not None
    assert slower.shapes_scale == pytest.approx(cost.factor * (faster.shapes_scale or 0.0), rel=1e-3)


def test_too_few_ops_are_refused() -> None:
    with pytest.raises(DeviceError, match="a calibration needs 20"):
        fit_weights(observe(noise=0.0)[:7], PRIOR)


def test_a_counter_that_counts_something_else_is_refused() -> None:
    slow = [replace(o, cycles=o.cycles / 50) for o in observe(noise=0.0)]
    with pytest.raises(DeviceError, match="cycles for"):
        fit_weights(slow, PRIOR)
