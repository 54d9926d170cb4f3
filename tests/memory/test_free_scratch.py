"""Scratch that grows into what a plan leaves free: no tensor moves, and no byte is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.board import Core
from micronas.codegen.lowering import Blocks, Lowered, StructField, Swap, Target
from micronas.codegen.lowering.blocks import MAX_BYTES, by_blocks, step_sizes
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.plan import Bank, plan_in_banks, plan_memory
from micronas.memory.plan.free_scratch import use_free_bytes
from micronas.model.tflite import read
from tests.support.dsp_cases import add
from tests.support.planning import lowered_op, make_graph, planning_problems, verify_plan

BLOCKS = Blocks("mn_block", "mn_block", "op", fixed_bytes=3, quad_bytes=8, stage_bytes=2, most_quads=9)


def with_blocks(low: Lowered) -> Lowered:
    return replace(low, scratch_bytes=7, blocks=BLOCKS, params=(StructField("n", "int16_t", 1),))


def with_second_kernel(low: Lowered) -> Lowered:
    return replace(low, scratch_bytes=0, blocks=Swap("mn_second", 17))


@st.composite
def problems(draw):
    graph, lowered = draw(planning_problems())
    forms = st.sampled_from([None, with_blocks, with_second_kernel])
    drawn = draw(st.lists(forms, min_size=len(lowered), max_size=len(lowered)))
    pairs = zip(lowered, drawn, strict=True)
    return graph, tuple(low if low.is_copy or form is None else form(low) for low, form in pairs)


@given(problems(), st.sampled_from([0, 10, 100]))
@settings(max_examples=200, deadline=None)
def test_no_byte_is_lost(problem, spare):
    graph, lowered = problem
    plan = plan_memory(graph, lowered)
    faster, grown = use_free_bytes(lowered, plan, plan.arena_bytes + spare if spare else 0)
    verify_plan(graph, faster, grown)
    assert grown.offsets == plan.offsets
    assert plan.arena_bytes <= grown.arena_bytes <= plan.arena_bytes + spare
    steps = range(len(graph.ops) + 2)
    assert [grown.live_bytes(k) for k in steps] == [plan.live_bytes(k) for k in steps]
    assert grown.bound_bytes == plan.bound_bytes


def test_an_op_without_scratch_gets_some_for_its_second_kernel():
    """The peak of 200 bytes leaves 180 while op 1 runs, and none while op 0 does."""
    graph = make_graph([100, 100, 8, 12], [([0], [1]), ([1], [2]), ([2], [3])], [0], [3])
    low = (with_second_kernel(lowered_op(0)), lowered_op(1), with_second_kernel(lowered_op(2)))
    faster, grown = use_free_bytes(low, plan_memory(graph, low))
    assert [f.kernel == "mn_second" for f in faster] == [False, False, True]
    assert [f.scratch_bytes for f in faster] == [0, 0, 17]
    assert grown.arena_bytes == 200
    (span,) = (span for span in grown.spans if span.scratch_of is not None)
    assert (span.scratch_of, span.first, span.last, span.size, span.spare) == (2, 3, 3, 20, 20)
    verify_plan(graph, faster, grown)


def test_an_add_looks_values_up_where_there_is_room_and_use_for_a_table():
    rng = np.random.default_rng(3)
    many, few = (
        lower_graph(add(rng, 0.05, 0.002, 0.1, channels), Target(Core.M4F))[0] for channels in (15, 9)
    )
    assert by_blocks(many, 1024).kernel == "mn_add_table_dsp"
    assert by_blocks(many, 1023).kernel == by_blocks(few, 9999).kernel == "mn_add_dsp"


def test_scratch_takes_the_largest_gap_of_its_step():
    """200 bytes at the peak; while op 1 runs, 20 are live, and its scratch lies in the other 180."""
    graph = make_graph([100, 100, 8, 12], [([0], [1]), ([1], [2]), ([2], [3])], [0], [3])
    low = (lowered_op(0), lowered_op(1), replace(with_blocks(lowered_op(2)), scratch_bytes=4))
    plan = plan_memory(graph, low)
    assert plan.arena_bytes == 200
    faster, grown = use_free_bytes(low, plan)
    assert faster[2].kernel == "mn_block"
    assert faster[2].scratch_bytes == 3 + 9 * 8 + 2
    assert [field.name for field in faster[2].params] == ["op.n", "quads"]
    assert grown.arena_bytes == 200
    (span,) = (span for span in grown.spans if span.scratch_of == 2)
    assert (span.size, span.spare) == (80, 76)


def test_scratch_stays_inside_one_bank():
    graph = make_graph([40, 40, 8, 8], [([0], [1]), ([1], [2]), ([2], [3])], [0], [3])
    low = (lowered_op(0), lowered_op(1), with_blocks(lowered_op(2)))
    plan = plan_in_banks(graph, low, {"a": 48, "b": 48})
    faster, grown = use_free_bytes(low, plan, 1000)
    assert grown.arena_bytes == plan.arena_bytes
    first = grown.scratch_offsets[2]
    bank = grown.bank_at(first)
    assert isinstance(bank, Bank)
    assert first + faster[2].scratch_bytes <= bank.start + bank.nbytes
    verify_plan(graph, faster, grown)


@pytest.mark.parametrize("name", ["mlperf_tiny_vww", "mlperf_tiny_ic"])
def test_published_networks_get_blocks_without_a_byte_more(name, networks):
    graph = read(networks / f"{name}.tflite")
    lowered = lower_graph(graph, Target(Core.M4F))
    plan = plan_memory(graph, lowered)
    faster, grown = use_free_bytes(lowered, plan)
    verify_plan(graph, faster, grown)
    assert grown.arena_bytes == plan.arena_bytes
    assert sum("block" in low.kernel or "few" in low.kernel for low in faster) >= 5


def test_cores_without_dsp_have_no_blocks(networks):
    graph = read(networks / "mlperf_tiny_kws.tflite")
    lowered = lower_graph(graph, Target(Core.M0PLUS))
    plan = plan_memory(graph, lowered)
    assert use_free_bytes(lowered, plan, 10**6) == (lowered, plan)


@pytest.mark.parametrize("name", ["kws_ref_model", "vww_96_int8", "pretrainedResnet_quant"])
def test_less_scratch_holds_the_first_of_the_steps_that_more_does(shared_models, name):
    """So that what is found once for all free bytes serves any number of them."""
    rng = np.random.default_rng(5)
    graph = read(shared_models / f"{name}.tflite")
    growing = [low for low in lower_graph(graph, Target(Core.M4F)) if low.blocks is not None]
    for low in growing:
        every = [(each.kernel, each.scratch_bytes) for each in step_sizes(low, MAX_BYTES)]
        for room in rng.integers(0, MAX_BYTES + 1, 12).tolist():
            some = [(each.kernel, each.scratch_bytes) for each in step_sizes(low, room)]
            assert some == [(kernel, nbytes) for kernel, nbytes in every if nbytes <= room]
