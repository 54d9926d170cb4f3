"""States in the memory plan: their bytes are theirs alone, and no op overtakes the change of one."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.board import Core
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.plan import Plan, plan_memory
from micronas.memory.plan.values import make_problem
from micronas.model.graph import DType, Graph
from micronas.model.op_attributes import Binary, StridedSlice
from tests.support.graph_builder import GraphBuilder
from tests.support.random_cases import random_case
from tests.support.random_parts import random_quant


def planned(graph: Graph) -> Plan:
    return plan_memory(graph, lower_graph(graph, Target(Core.M4F)))


@pytest.mark.parametrize("kind", ["READ_VARIABLE", "ASSIGN_VARIABLE"])
@pytest.mark.parametrize("seed", range(20))
def test_a_states_bytes_are_used_for_nothing_else_at_any_step(kind: str, seed: int) -> None:
    graph = random_case(kind, np.random.default_rng(seed))
    plan = planned(graph)
    state = graph.states[0]
    assert plan.offsets[state.before] == plan.offsets[state.after]
    mine = next(span for span in plan.spans if state.before in span.tensors)
    assert (mine.first, mine.last) == (0, len(plan.order) + 1)
    for span in plan.spans:
        if span is not mine:
            assert span.offset + span.size <= mine.offset or mine.offset + mine.size <= span.offset


def overtaken() -> Graph:
    """One value of a state is used late: the assignment is ready long before, and must wait."""
    b, quant = GraphBuilder(), random_quant(np.random.default_rng(0))
    x = b.input((1, 64), quant)
    before = b.state(np.zeros((1, 64)), quant)
    old, after, half, mixed = (b.value(s, quant) for s in ((1, 64), (1, 64), (1, 8), (1, 64)))
    b.op("READ_VARIABLE", [before], [old])
    constants = [b.constant(v, DType.INT32) for v in ((0, 0), (1, 8), (1, 1))]
    b.op("STRIDED_SLICE", [old, *constants], [half], StridedSlice())
    b.op("ADD", [x, old], [mixed], Binary())
    b.op("ASSIGN_VARIABLE", [before, x], [after])
    return b.graph([half, mixed])


def test_an_assignment_waits_for_all_that_read_the_state_before() -> None:
    graph = overtaken()
    lowered = lower_graph(graph, Target(Core.M4F))
    assert lowered[0].is_copy
    problem = make_problem(graph, lowered)
    assert problem.demands[3].needs == 0b111
    assert all(3 in problem.followers[i] for i in (0, 1, 2))
    assert plan_memory(graph, lowered).order.index(3) == 3


def test_a_value_that_is_read_after_the_change_is_copied() -> None:
    b, quant = GraphBuilder(), random_quant(np.random.default_rng(0))
    x, before = b.input((1, 8), quant), b.state(np.zeros((1, 8)), quant)
    old, after, y = (b.value((1, 8), quant) for _ in range(3))
    b.op("READ_VARIABLE", [before], [old])
    b.op("ASSIGN_VARIABLE", [before, x], [after])
    b.op("ADD", [x, old], [y], Binary())
    graph = b.graph([y])
    assert not lower_graph(graph, Target(Core.M4F))[0].is_copy
    plan = planned(graph)
    assert plan.offsets[old] != plan.offsets[before]
