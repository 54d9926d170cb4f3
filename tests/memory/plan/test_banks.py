"""Planning over memories apart: against exhaustive search on small cases, and by the checker of plans."""

from __future__ import annotations

import functools
import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.codegen.lowering import Lowered
from micronas.memory.plan import Plan, Shortfall, plan_in_banks, plan_memory
from micronas.memory.plan.banks import BankPlan, split
from micronas.memory.plan.blocks import MemoryBlock
from micronas.memory.plan.values import TENSOR_ALIGNMENT, Trail
from micronas.model.graph import Graph
from tests.support.cell_networks import random_cell_networks
from tests.support.planning import lowered_op, make_graph, plain, planning_problems, verify_plan

UNIT = TENSOR_ALIGNMENT


# --- blocks -------------------------------------------------------------------------------------------


@st.composite
def small_blocks(draw, most: int = 5) -> tuple[MemoryBlock, ...]:
    """Blocks of 1 to 4 units; some begin as another ends and may then overlap it."""
    blocks: list[MemoryBlock] = []
    for _ in range(draw(st.integers(2, most))):
        start, steps = draw(st.integers(0, 3)), draw(st.integers(2, 3))
        profile = tuple(UNIT * draw(st.integers(1, 4)) for _ in range(steps))
        if draw(st.booleans()):
            profile = (profile[0],) * steps
        sources = [i for i, b in enumerate(blocks) if b.end - 1 == start and not trailed(blocks, i)]
        trail = None
        if sources and draw(st.booleans()):
            before, after = (UNIT * draw(st.sampled_from([0, 1, 2, 2**30])) for _ in range(2))
            trail = Trail(sources[0], before, after)
        blocks.append(MemoryBlock(start, profile, trail=trail))
    return tuple(blocks)


def trailed(blocks: list[MemoryBlock], source: int) -> bool:
    return any(b.trail is not None and b.trail.source == source for b in blocks)


def clash(blocks: tuple[MemoryBlock, ...], i: int, j: int, at_i: int, at_j: int) -> bool:
    """Whether two blocks of one bank take the same byte at a step, but for what an output may lie on."""
    one, other = blocks[i], blocks[j]
    for later, source, distance in ((one, j, at_i - at_j), (other, i, at_j - at_i)):
        trail = later.trail if later.trail is not None and later.trail.source == source else None
        if trail is not None and (distance <= -trail.before or distance >= trail.after):
            return False
    for step in range(max(one.start, other.start), min(one.end, other.end)):
        high_i, high_j = at_i + one.profile[step - one.start], at_j + other.profile[step - other.start]
        if at_i < high_j and at_j < high_i:
            return True
    return False


def exhaustive(blocks: tuple[MemoryBlock, ...], capacities: tuple[int, ...]) -> bool:
    """Whether any choice of bank and offset for each block is one without a clash."""

    def extend(chosen: list[tuple[int, int]]) -> bool:
        i = len(chosen)
        if i == len(blocks):
            return True
        for bank, capacity in enumerate(capacities):
            for at in range(0, capacity - blocks[i].size + 1, UNIT):
                others = ((j, offset) for j, (b, offset) in enumerate(chosen) if b == bank)
                free = not any(clash(blocks, i, j, at, offset) for j, offset in others)
                if free and extend([*chosen, (bank, at)]):
                    return True
        return False

    return extend([])


def assert_sound(blocks: tuple[MemoryBlock, ...], found: BankPlan) -> None:
    for i, j in itertools.combinations(range(len(blocks)), 2):
        if found.banks[i] == found.banks[j]:
            assert not clash(blocks, i, j, found.offsets[i], found.offsets[j])
    for bank, height in enumerate(found.heights):
        ends = [o + b.size for b, o, k in zip(blocks, found.offsets, found.banks, strict=True) if k == bank]
        assert height == max(ends, default=0)


@given(small_blocks(), st.tuples(st.integers(2, 6), st.integers(2, 6)))
@settings(max_examples=300, deadline=None)
def test_it_finds_a_split_exactly_where_there_is_one(blocks, units):
    capacities = tuple(UNIT * n for n in units)
    found = split(blocks, capacities)
    assert_sound(blocks, found)
    assert (found.over_bytes == 0) == exhaustive(blocks, capacities)


@given(small_blocks(most=4), st.tuples(*3 * [st.integers(1, 4)]))
@settings(max_examples=100, deadline=None)
def test_three_banks_likewise(blocks, units):
    capacities = tuple(UNIT * n for n in units)
    found = split(blocks, capacities)
    assert_sound(blocks, found)
    assert (found.over_bytes == 0) == exhaustive(blocks, capacities)


def test_blocks_that_may_overlap_do_so_only_in_one_bank():
    """Both at once need 2 x 40 bytes, or 48 where the second lies 8 above the first."""
    blocks = (MemoryBlock(0, (40, 40)), MemoryBlock(1, (40, 40), trail=Trail(0, 2**30, 8)))
    assert split(blocks, (48, 8)).heights == (48, 0)
    assert split(blocks, (40, 40)).heights == (40, 40)
    assert split(blocks, (44, 36)).over_bytes > 0


# --- whole plans --------------------------------------------------------------------------------------


def assert_within(plan: Plan, free_bytes: dict[str, int]) -> None:
    """Banks follow each other, none is larger than its memory, and nothing lies over a border."""
    at = 0
    for bank in plan.banks:
        assert bank.start == at
        assert 0 < bank.nbytes <= free_bytes[bank.name]
        at += bank.nbytes
    assert at == plan.arena_bytes
    for span in plan.spans:
        bank = plan.bank_at(span.offset)
        assert bank is not None
        assert span.offset + span.size <= bank.start + bank.nbytes


@given(planning_problems(), st.integers(20, 80), st.integers(90, 130))
@settings(max_examples=150, deadline=None)
def test_no_byte_is_lost_and_nothing_straddles(problem, share, of_whole):
    graph, lowered = problem
    whole = plan_memory(graph, lowered)
    total = max(2 * UNIT, whole.arena_bytes * of_whole // 100)
    free_bytes = {"one": total * share // 100, "two": total - total * share // 100}
    found = plan_in_banks(graph, lowered, free_bytes)
    assert found == plan_in_banks(graph, lowered, free_bytes)
    if isinstance(found, Plan):
        verify_plan(graph, lowered, found)
        assert_within(found, free_bytes)
        assert found.arena_bytes >= found.bound_bytes
    else:
        largest = max(free_bytes.values())
        ruled_out = found.live_bytes > total or found.largest_bytes > largest
        assert ruled_out == (not found.needed)


@functools.cache
def branching_networks() -> list[tuple[Graph, tuple[Lowered, ...], int]]:
    """Networks with their real kernels, and the bytes that they need in one piece."""
    problems = random_cell_networks(5)
    return [(graph, lowered, plan_memory(graph, lowered).arena_bytes) for graph, lowered in problems]


@pytest.mark.parametrize(("share", "least"), [(34, 4), (50, 3), (75, 3)])
def test_real_branching_networks_lose_no_byte(share, least):
    """As many fitted where this was written; of the others the search saw every assignment."""
    splits = 0
    for graph, lowered, whole_bytes in branching_networks():
        total = whole_bytes * 110 // 100
        free_bytes = {"ccm": total * share // 100, "sram": total - total * share // 100}
        found = plan_in_banks(graph, lowered, free_bytes)
        if isinstance(found, Plan):
            splits += 1
            verify_plan(graph, lowered, found)
            assert_within(found, free_bytes)
    assert splits >= least


def test_few_banks_come_before_many_and_the_first_before_the_last():
    graph = make_graph([40, 40, 40], [([0], [1]), ([0, 1], [2])], [0], [2])
    banks = {"a": 40, "b": 80, "c": 80}
    assert [b.name for b in plan_for(graph, banks).banks] == ["a", "b"]
    assert [b.name for b in plan_for(graph, {**banks, "a": 36}).banks] == ["b", "c"]
    assert [b.name for b in plan_for(graph, {"a": 40, "b": 40, "c": 40}).banks] == ["a", "b", "c"]


def plan_for(graph: Graph, free_bytes: dict[str, int]) -> Plan:
    found = plan_in_banks(graph, plain(graph), free_bytes)
    assert isinstance(found, Plan)
    return found


def test_what_a_value_takes_over_stays_in_its_bank():
    graph = make_graph([40, 40, 40], [([0], [1]), ([0, 1], [2])], [0], [2])
    lowered = (lowered_op(0), lowered_op(1, in_place=(0, 1)))
    plan = plan_in_banks(graph, lowered, {"a": 40, "b": 40})
    assert isinstance(plan, Plan)
    assert plan.offsets[2] in (plan.offsets[0], plan.offsets[1])
    assert [bank.nbytes for bank in plan.banks] == [40, 40]


def test_a_shortfall_says_what_is_live_and_what_cannot_be_divided():
    graph = make_graph([40, 60, 8], [([0], [1]), ([1], [2])], [0], [2])
    assert plan_in_banks(graph, plain(graph), {"a": 48, "b": 48}) == Shortfall(100, 60, {})
    assert plan_in_banks(graph, plain(graph), {"a": 56, "b": 56}) == Shortfall(100, 60, {})
    halves = make_graph([40, 40, 40], [([0], [1]), ([0, 1], [2])], [0], [2])
    found = plan_in_banks(halves, plain(halves), {"a": 60, "b": 60})
    assert found == Shortfall(120, 40, {"a": 80, "b": 40}) or found == Shortfall(120, 40, {"a": 40, "b": 80})


def test_a_search_is_not_held_up():
    """Only candidates that no memory holds whole come here; 50 ms on average where this was written."""
    start = time.process_time()
    for graph, lowered, whole_bytes in branching_networks():
        plan_in_banks(graph, lowered, {"ccm": whole_bytes // 3, "sram": whole_bytes - whole_bytes // 3})
    assert time.process_time() - start < 10.0
