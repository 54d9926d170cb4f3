"""Two plans of a network: the fastest within a limit, and the smallest arena."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.codegen.lowering import Bands, Blocks, Lowered, StructField, Tiles
from micronas.codegen.lowering.blocks import by_blocks, step_sizes
from micronas.config import SearchConfig
from micronas.errors import ConfigError
from micronas.memory.plan import plan_memory
from micronas.memory.plan.free_scratch import TOLERANCE, use_free_bytes
from micronas.memory.plan.prefer import DEFAULT_PREFER, Prefer, prefer_named
from tests.support.planning import lowered_op, make_graph, planning_problems, verify_plan

BLOCKS = Blocks("mn_block", "mn_block", "op", fixed_bytes=3, quad_bytes=8, stage_bytes=2, most_quads=9)
TILES = replace(
    BLOCKS,
    tiles=Tiles("mn_tiles", "mn_tiles", "op", fixed_bytes=20, quad_bytes=5, across=3, down=4, most_quads=4),
)
BANDS = Bands(fixed_bytes=5, row_bytes=6, most_rows=8, stride=1, kernel_h=3)


def with_blocks(low: Lowered, blocks: Blocks | Bands = BLOCKS) -> Lowered:
    params = (StructField("plane_h", "int16_t", 3),)
    return replace(low, scratch_bytes=7, blocks=blocks, params=params)


def quads(low: Lowered) -> int:
    return next((f.value for f in low.params if f.name == "quads" and isinstance(f.value, int)), 0)


def read_once_per_block(low: Lowered) -> float:
    """Weights are read once per block of quads, and twice as often by pairs of pixels."""
    return 100.0 * -(-BLOCKS.most_quads // (quads(low) or 0.5))


@pytest.mark.parametrize("blocks", [BLOCKS, BANDS, TILES])
@pytest.mark.parametrize("free", [0, 10, 23, 40, 77, 500])
def test_sizes_of_steps_are_those_that_some_amount_of_scratch_gives(blocks, free) -> None:
    low = with_blocks(lowered_op(0), blocks)
    tried = (by_blocks(low, n) for n in range(free + 1))
    expected = sorted({found.scratch_bytes for found in tried if found is not low})
    assert [found.scratch_bytes for found in step_sizes(low, free)] == expected


def tight():
    """The second op has the peak, and no byte to spare: 40 bytes of tensors and its own scratch."""
    graph = make_graph([20, 20, 20], [([0], [1]), ([1], [2])], [0], [2])
    return graph, (lowered_op(0), with_blocks(lowered_op(1)))


@pytest.mark.parametrize(
    ("limit", "steps"),
    [(0, 0), (48, 0), (59, 0), (60, 1), (72, 2), (79, 2), (80, 3), (1000, 9)],
)
def test_the_arena_grows_to_the_steps_that_the_limit_holds_and_not_further(limit, steps) -> None:
    """A step of n quads takes 3 + 8 n bytes and, for two or more, 2 to stage; all in whole words.

    The scratch lay between the two tensors, so larger scratch lies above both.
    """
    graph, lowered = tight()
    plan = plan_memory(graph, lowered)
    assert plan.arena_bytes == 48
    faster, grown = use_free_bytes(lowered, plan, limit, read_once_per_block)
    verify_plan(graph, faster, grown)
    assert quads(faster[1]) == steps
    assert grown.arena_bytes == {0: 48, 1: 60, 2: 72, 3: 80, 9: 128}[steps]
    assert grown.grown_bytes == grown.arena_bytes - plan.arena_bytes


def test_an_arena_does_not_grow_for_nothing() -> None:
    graph, lowered = tight()
    plan = plan_memory(graph, lowered)
    same = use_free_bytes(lowered, plan, 1000, lambda low: 5.0)
    slower = use_free_bytes(lowered, plan, 1000, lambda low: 5.0 + quads(low))
    little = use_free_bytes(lowered, plan, 1000, lambda low: 1e4 - quads(low))
    assert [found[1].grown_bytes for found in (same, slower, little)] == [0, 0, 0]
    at_three = use_free_bytes(lowered, plan, 1000, lambda low: 100.0 - min(3, quads(low)))
    assert quads(at_three[0][1]) == 3


@st.composite
def problems(draw):
    graph, lowered = draw(planning_problems())
    drawn = draw(st.lists(st.booleans(), min_size=len(lowered), max_size=len(lowered)))
    pairs = zip(lowered, drawn, strict=True)
    return graph, tuple(low if low.is_copy or not d else with_blocks(low) for low, d in pairs)


@given(problems(), st.integers(0, 200))
@settings(max_examples=100, deadline=None)
def test_of_all_arenas_within_the_limit_it_is_the_smallest_of_the_fastest(problem, spare) -> None:
    """Against every limit in between: none smaller is as fast."""
    graph, lowered = problem
    plan = plan_memory(graph, lowered)
    limit = plan.arena_bytes + spare
    faster, grown = use_free_bytes(lowered, plan, limit, read_once_per_block)
    verify_plan(graph, faster, grown)
    assert plan.arena_bytes <= grown.arena_bytes <= max(limit, plan.arena_bytes)
    assert grown.offsets == plan.offsets

    def cycles(found) -> float:
        return sum(read_once_per_block(low) for low, was in zip(found, lowered, strict=True) if was.blocks)

    now = cycles(use_free_bytes(lowered, plan)[0])
    fastest = cycles(use_free_bytes(lowered, plan, limit)[0])
    assert cycles(faster) <= fastest + TOLERANCE * now
    for smaller in range(plan.arena_bytes, grown.arena_bytes, 4):
        assert cycles(use_free_bytes(lowered, plan, smaller)[0]) > fastest + TOLERANCE * now


def test_names_and_the_default_are_those_of_the_configuration() -> None:
    assert SearchConfig().prefer == DEFAULT_PREFER
    assert [SearchConfig(prefer=p.value).prefer for p in Prefer] == list(Prefer)
    with pytest.raises(ConfigError, match=r"--prefer speed: unknown"):
        prefer_named("speed", "--prefer")
