"""The plan that is taken by default: the fastest that fits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.board import load_board
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import Budget, check, make_ledger
from micronas.memory.plan.free_scratch import TOLERANCE
from micronas.memory.plan.prefer import Prefer, prefer_of_search
from micronas.model.net import shape_graph
from micronas.search.gate import LedgerGate
from micronas.space.reference import reference_net
from tests.support.planning import verify_plan
from tests.support.random_chains import random_chain

BOARD = load_board("nucleo_f446re")
KB = 1024


@pytest.fixture(scope="module")
def kws():
    return shape_graph(reference_net("mlperf_tiny_kws"))


def ms(graph, ledger) -> float:
    return float(board_latency(BOARD).of(graph, ledger.lowered, trained=False).ms)


@pytest.mark.parametrize("sram_kb", [16, 13, 10])
def test_of_the_plans_that_fit_none_is_faster(kws, sram_kb) -> None:
    """In 13 KB op by op, with what its peak leaves free; in 10 KB by rows."""
    budget = Budget(256 * KB, sram_kb * KB)
    taken = make_ledger(kws, BOARD, within=budget, prefer=Prefer.AUTO)
    assert check(taken, budget).fits
    plans = [make_ledger(kws, BOARD, within=budget, prefer=p) for p in Prefer if p is not Prefer.AUTO]
    fitting = [ms(kws, plan) for plan in plans if check(plan, budget).fits]
    assert ms(kws, taken) <= min(fitting) * (1.0 + TOLERANCE)
    assert bool(taken.plan.row_steps) == (sram_kb == 10)


def test_the_plan_op_by_op_is_verified_and_is_that_of_latency(kws) -> None:
    auto, latency = (make_ledger(kws, BOARD, prefer=p) for p in (Prefer.AUTO, Prefer.LATENCY))
    verify_plan(kws, auto.lowered, auto.plan)
    assert auto.plan == latency.plan


def test_where_no_plan_fits_the_reasons_are_of_the_plan_op_by_op(kws) -> None:
    budget = Budget(256 * KB, 8 * KB)
    over = make_ledger(kws, BOARD, within=budget, prefer=Prefer.AUTO)
    verdict = check(over, budget)
    assert not verdict.fits
    assert not over.plan.row_steps
    assert "bytes live" in verdict.reasons[0]


class OneNetwork:
    """A space whose architectures are limits of one network."""

    def __init__(self, net) -> None:
        self._net = net

    def net(self, arch):
        return self._net

    def key(self, arch):
        return str(arch)


@pytest.mark.slow
def test_a_search_accepts_networks_that_fit_only_by_rows_where_it_is_told_to(kws) -> None:
    """With the quick answer, and with the whole ledger."""
    space = OneNetwork(reference_net("mlperf_tiny_kws"))
    for sram_kb, prefer in itertools.product((8, 10, 13), ("auto", "rows")):
        gate = LedgerGate(
            space, BOARD, "micronas", Budget(256 * KB, sram_kb * KB), prefer=prefer_of_search(prefer)
        )  # type: ignore[arg-type]
        quick, whole = gate.fits("arch"), gate.verdict("arch").fits  # type: ignore[arg-type]
        assert quick == whole == (sram_kb >= (10 if prefer == "rows" else 13))


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**16), spare=st.floats(0.0, 0.6))
def test_the_default_fits_where_a_fixed_plan_does_and_is_no_slower(seed: int, spare: float) -> None:
    """On small random networks, from the least SRAM of all plans up to what the fastest would like."""
    graph = random_chain(np.random.default_rng(seed), most_ops=4)
    fixed = [p for p in Prefer if p is not Prefer.AUTO]
    wanted = [make_ledger(graph, BOARD, prefer=p).sram_bytes for p in fixed]
    budget = Budget(256 * KB, round(min(wanted) + spare * (max(wanted) - min(wanted))))
    taken = make_ledger(graph, BOARD, within=budget, prefer=Prefer.AUTO)
    plans = [make_ledger(graph, BOARD, within=budget, prefer=p) for p in fixed]
    fitting = [ms(graph, plan) for plan in plans if check(plan, budget).fits]
    assert check(taken, budget).fits or not fitting
    assert not fitting or ms(graph, taken) <= min(fitting) * (1.0 + TOLERANCE)
