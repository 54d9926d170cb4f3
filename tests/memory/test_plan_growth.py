"""Large graphs: no recursion, work that grows with the network, and an end as soon as the budget is met."""

from __future__ import annotations

import cProfile
import importlib
import pstats

import numpy as np
import pytest
from hypothesis import given, settings

from micronas.codegen.lowering import Lowered
from micronas.deploy.library import library_files
from micronas.errors import ModelError
from micronas.memory.plan import is_plan_within, plan_memory
from micronas.model.graph import DType, Graph, Op, Quant, Tensor
from micronas.model.op_attributes import ResizeNearest
from tests.support.planning import lowered_op, make_graph, plain, planning_problems, verify_plan

PLACE = importlib.import_module("micronas.memory.plan.place")
"""The module; as an attribute of the package, its name is that of the function."""


def random_dag(ops: int) -> tuple[Graph, tuple[Lowered, ...]]:
    """Convolutions and additions over recent tensors; what nothing reads is summed up at the end."""
    rng = np.random.default_rng(4)
    sizes, calls, unread = [24], [], [0]
    for i in range(ops):
        last = len(sizes)
        reads = sorted({int(t) for t in rng.integers(max(0, last - 12), last, int(rng.integers(1, 3)))})
        if i >= ops - 40 and len(unread) > 1:
            reads = unread[:2]
        unread = [t for t in unread if t not in reads] + [last]
        calls.append((reads, [last]))
        sizes.append(int(rng.integers(4, 40)))
    graph = make_graph(sizes, calls, [0], unread)
    return graph, tuple(lowered_op(i, scratch=8 * (i % 3)) for i in range(ops))


def chain(ops: int) -> tuple[Graph, tuple[Lowered, ...]]:
    sizes = [1000 + 37 * (i * i % 101) for i in range(ops + 1)]
    graph = make_graph(sizes, [([i], [i + 1]) for i in range(ops)], [0], [ops])
    return graph, tuple(lowered_op(i, scratch=64 * (i % 3)) for i in range(ops))


def calls_of(graph: Graph, lowered: tuple[Lowered, ...]) -> int:
    """Function calls that a plan takes: as good as time, and they repeat exactly."""
    profile = cProfile.Profile()
    profile.runcall(plan_memory, graph, lowered)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def test_a_graph_of_800_ops_that_branches_is_planned():
    graph, lowered = random_dag(800)
    plan = plan_memory(graph, lowered)
    verify_plan(graph, lowered, plan)
    assert plan.arena_bytes <= 1.25 * plan.bound_bytes


def test_the_work_of_a_chain_grows_with_its_length():
    plan_memory(*chain(4))
    few, many = (calls_of(*chain(ops)) for ops in (300, 1200))
    assert many < 6 * few


@pytest.mark.slow
def test_the_work_of_a_branching_graph_is_bounded():
    few, many = (calls_of(*random_dag(ops)) for ops in (200, 800))
    assert many < 6 * few


def test_the_pairs_of_an_order_are_compared_once(monkeypatch):
    compared = []
    distances = PLACE._distances
    monkeypatch.setattr(PLACE, "_distances", lambda *pair: compared.append(pair) or distances(*pair))
    plan = plan_memory(*random_dag(100))
    assert not plan.at_bound  # the placement by stacks was searched, too
    assert len(compared) == len({(id(blocks), i, j) for blocks, i, j in compared}) > 100


def test_a_long_chain_is_at_the_bound():
    graph, lowered = chain(2000)
    plan = plan_memory(graph, lowered)
    assert plan.at_bound


def test_many_outputs_side_by_side_are_placed_without_comparing_all_pairs(monkeypatch):
    monkeypatch.setattr(PLACE, "MAX_PAIRS", 500)
    graph = make_graph([8] * 61, [([0], [i + 1]) for i in range(60)], [0], range(1, 61))
    plan = plan_memory(graph, plain(graph))
    verify_plan(graph, plain(graph), plan)
    assert plan.at_bound


@given(planning_problems())
@settings(max_examples=150, deadline=None)
def test_placement_by_gaps_loses_no_byte(problem):
    graph, lowered = problem
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PLACE, "MAX_PAIRS", 0)
        verify_plan(graph, lowered, plan_memory(graph, lowered))


@given(planning_problems())
@settings(max_examples=150, deadline=None)
def test_the_search_ends_within_the_budget_wherever_it_would_have_come_within_it(problem):
    graph, lowered = problem
    best = plan_memory(graph, lowered).arena_bytes
    for budget in (best - 4, best, best + 12, 2 * best):
        plan = plan_memory(graph, lowered, enough_bytes=budget)
        verify_plan(graph, lowered, plan)
        assert (plan.arena_bytes <= budget) == (best <= budget)
        assert plan.arena_bytes >= best
        assert is_plan_within(graph, lowered, budget) == (best <= budget)


def test_a_roomy_budget_saves_the_search():
    graph, lowered = random_dag(200)
    full, quick = cProfile.Profile(), cProfile.Profile()
    best = full.runcall(plan_memory, graph, lowered).arena_bytes
    quick.runcall(plan_memory, graph, lowered, 2 * best)
    calls = [pstats.Stats(profile).total_calls for profile in (quick, full)]  # type: ignore[attr-defined]
    assert 2 * calls[0] < calls[1]


def test_a_library_that_no_microcontroller_could_run_is_refused_before_it_is_written():
    quant = Quant((0.5,), (0,))
    size = Tensor("size", (2,), DType.INT32, None, True, np.array([8000, 8000], np.int32))
    tensors = (
        Tensor("x", (1, 4, 4, 4), DType.INT8, quant),
        size,
        Tensor("y", (1, 8000, 8000, 4), DType.INT8, quant),
    )
    graph = Graph(
        "huge", tensors, (Op("RESIZE_NEAREST_NEIGHBOR", (0, 1), (2,), ResizeNearest()),), (0,), (2,)
    )
    with pytest.raises(ModelError, match=r"tensor y takes 256,000,000 bytes; the limit is 67,108,864"):
        library_files(graph, name="huge")
