"""Chains of ops by rows: schedules and places, run on tagged bytes, and the memory that they take."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.board import Core, load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.lowering.row_source import fed_by_rows, with_source
from micronas.codegen.lowering.row_window import RowOp, row_op
from micronas.memory.ledger.step_cycles import step_cycles
from micronas.memory.plan import plan_memory
from micronas.memory.plan.free_scratch import use_free_bytes
from micronas.memory.plan.rows import band_search, chains
from micronas.memory.plan.rows import plan as planning
from micronas.memory.plan.rows.layout import lay_out, tensor_buffers, top
from micronas.memory.plan.rows.plan import plan_by_rows
from micronas.memory.plan.rows.rivals import RowBuffer, Takeover, find_rivals, live_bytes
from micronas.memory.plan.rows.schedule import make_schedule, schedule_of_waves
from micronas.memory.plan.rows.streamed import streamed, within
from micronas.model.tflite import read
from tests.support.by_rows import NO_LIMIT, row_plan, wave_plan
from tests.support.planning import verify_plan
from tests.support.random_chains import long_chain, random_chain

KB = 1024
BOARD = load_board("nucleo_l4r5zi")


def conv(reads: int, writes: int, height: int, stride: int = 1, taps: int = 3) -> RowOp:
    return RowOp((reads,), writes, height, -(-height // stride), taps, stride)


def test_a_buffer_holds_a_window_and_no_more() -> None:
    """As many rows as the kernel of its reader, whatever the stride."""
    ops = [
        conv(0, 1, 32),
        conv(1, 2, 32),
        conv(2, 3, 32, taps=1),
        conv(3, 4, 32, stride=2),
        conv(4, 5, 16, taps=5),
    ]
    schedule = make_schedule(ops, [1] * 5)
    assert schedule.capacity == {0: 32, 1: 3, 2: 1, 3: 3, 4: 5, 5: 16}
    assert len(schedule.steps) == 32 + 32 + 32 + 16 + 16  # every row once


def test_a_second_reader_that_lags_holds_rows_back() -> None:
    """The sum needs row r of tensor 1 after the other branch has read up to row r + 2."""
    ops = [conv(0, 1, 20), conv(1, 2, 20), conv(2, 3, 20), RowOp((3, 1), 4, 20, 20)]
    assert make_schedule(ops, [1] * 4).capacity == {0: 20, 1: 3, 2: 3, 3: 1, 4: 20}
    deep = [*ops[:3], conv(3, 4, 20), RowOp((4, 1), 5, 20, 20)]
    assert make_schedule(deep, [1] * 5).capacity[1] == 4


def test_an_op_that_gathers_needs_one_row_at_a_time() -> None:
    ops = [conv(0, 1, 12), RowOp((1,), 2, 12, 1, gathers=True)]
    schedule = make_schedule(ops, [1, 1])
    assert schedule.capacity == {0: 12, 1: 1, 2: 1}
    assert [s.out_rows for s in schedule.steps if s.op == 1] == [0] * 11 + [1]
    assert [s.second for s in schedule.steps if s.op == 1] == [1] + [0] * 11


def test_more_rows_in_a_step_are_fewer_steps_and_larger_buffers() -> None:
    ops = [conv(0, 1, 30), conv(1, 2, 30)]
    schedule = make_schedule(ops, [4, 4])
    assert len(schedule.steps) == 8 + 8
    assert [s.out_rows for s in schedule.steps if s.op == 0] == [4] * 7 + [2]
    # what four rows suffice for, and at the end the row below which there is padding
    assert [s.out_rows for s in schedule.steps if s.op == 1] == [3, *[4] * 6, 3]
    assert schedule.capacity[1] == 4 + 2


@pytest.mark.parametrize(("height", "stride", "taps"), [(9, 1, 3), (10, 2, 3), (7, 3, 5), (8, 1, 1)])
def test_the_turns_for_which_some_rows_suffice(height, stride, taps) -> None:
    op = conv(0, 1, height, stride, taps)
    ends = [op.rows_for(turn, 1).first + op.rows_for(turn, 1).count for turn in range(op.turns)]
    for rows in range(height + 1):
        assert op.turns_with(rows) == sum(end <= rows for end in ends)


def test_the_layout_uses_the_place_of_input_that_was_consumed() -> None:
    """Input and output of 30 rows each share all but the rows of a window."""
    schedule = make_schedule([conv(0, 1, 30), conv(1, 2, 30)], [1, 1])
    buffers = tensor_buffers(schedule, dict.fromkeys((0, 1, 2), 100))
    offsets = lay_out(buffers)
    assert int(live_bytes(buffers).max()) <= top(buffers, offsets) <= 30 * 100 + 3 * 100 + 300


@pytest.mark.parametrize("core", [Core.M4F, Core.M0PLUS])
@pytest.mark.parametrize("limit_bytes", [0, 6_000])
def test_random_chains_find_every_byte_that_they_read(core, limit_bytes) -> None:
    rng = np.random.default_rng(19)
    graphs = [g for i in range(8) if chains(g := random_chain(rng, i))]
    assert len(graphs) > 4
    for graph in graphs:
        found = row_plan(graph, Target(core), limit_bytes)
        verify_plan(graph, found.lowered, found.plan)
        assert found.plan.bound_bytes <= found.plan.arena_bytes
        by_rows = [low for low in found.lowered if low.row_call]
        assert sum(low.row_call.steps for low in by_rows) == len(found.plan.row_steps)


@pytest.mark.parametrize("core", [Core.M4F, Core.M0PLUS])
def test_random_chains_in_waves_find_every_byte_that_they_read(core) -> None:
    rng = np.random.default_rng(20)
    graphs = [g for i in range(12) if chains(g := random_chain(rng, i))]
    assert len(graphs) > 4
    for graph in graphs:
        first, rows = rng.integers(1, 7, 2).tolist()
        found = wave_plan(graph, Target(core), first, rows)
        verify_plan(graph, found.lowered, found.plan)
        assert found.plan.bound_bytes <= found.plan.arena_bytes


def test_a_wave_moves_what_is_left_and_gives_the_rest_of_its_place_away() -> None:
    """Rows 2 and 3 of tensor 1 move to its start; the second convolution writes on the rows that it reads."""
    schedule = schedule_of_waves([conv(0, 1, 8), conv(1, 2, 8, taps=1), conv(2, 3, 8)], [4, 8])
    assert [(s.op, s.out_rows, s.drop, s.x, s.y) for s in schedule.steps] == [
        *((0, 4, 0, 0, 0), (1, 4, 0, 0, 1), (2, 3, 0, 1, 0)),
        *((1, 0, 3, 0, 2), (0, 4, 0, 3, 0), (1, 4, 0, 0, 2), (2, 5, 0, 0, 3)),
    ]
    assert schedule.capacity == {0: 8, 1: 4, 2: 6, 3: 8}


def test_an_output_may_take_over_rows_only_at_the_distances_that_its_kernel_allows() -> None:
    """A step reads bytes 0 to 8 of x, of which it needs 4 to 8 again, and writes 4 bytes of y."""
    x = RowBuffer(("tensor", 0), 8, np.array([0]), np.array([8]), np.array([4]), given=True)
    y = RowBuffer(("tensor", 1), 4, np.array([0]), np.array([4]), np.array([0]))
    zero, step = np.array([0]), np.array([0])

    def free(**rules) -> list[int]:
        rules = {"in_place": False, "lead": None, "lag": None} | rules
        rivals = find_rivals([x, y], [Takeover(0, 1, step, zero, zero, **rules)])
        forbidden = [(r.start, r.end) for r in rivals[1]]
        return [d for d in range(-8, 13, 4) if not any(low < d < high for low, high in forbidden)]

    assert free() == [-8, -4, 8, 12]
    assert free(in_place=True) == [-8, -4, 0, 8, 12]
    assert free(lead=0) == [-8, -4, 0, 8, 12]
    assert free(lead=4) == [-8, -4, 8, 12]
    assert free(lag=4) == [-8, -4, 8, 12]


def test_chains_end_where_one_tensor_is_left() -> None:
    rng = np.random.default_rng(4)
    for i in range(40):
        graph = random_chain(rng, i)
        for chain in chains(graph):
            length = len(chain.ops)
            made = {graph.inputs[0], *(t for op in graph.ops[:length] for t in op.outputs)}
            later = {t for op in graph.ops[length:] for t in op.inputs} | set(graph.outputs)
            assert made & later == {chain.output}


def test_what_does_not_run_by_rows(networks) -> None:
    graph = read(networks / "tiny.tflite")
    assert all(
        row_op(graph, op) is None for op in graph.ops if op.kind in ("SOFTMAX", "RESHAPE", "FULLY_CONNECTED")
    )


@pytest.mark.parametrize(
    ("name", "most_bytes"),
    [("kws_ref_model", 6 * KB), ("vww_96_int8", 30 * KB), ("pretrainedResnet_quant", 15 * KB)],
)
def test_published_networks_take_less_than_their_live_tensors(shared_models, name, most_bytes) -> None:
    graph = read(shared_models / f"{name}.tflite")
    target = Target(Core.M4F)
    found = row_plan(graph, target)
    whole = plan_memory(graph, lower_graph(graph, target))
    assert found.plan.arena_bytes <= most_bytes < whole.bound_bytes
    verify_plan(graph, found.lowered, found.plan)


@pytest.mark.parametrize(
    ("name", "most_bytes", "times"),
    [
        ("kws_ref_model", 5 * KB, 1.05),
        # 5 % above what op by op took before its stem and its layers of few inputs had loops of their own
        ("vww_96_int8", 30 * KB, 1.16),
        ("pretrainedResnet_quant", 15 * KB, 1.05),
    ],
)
def test_rows_cost_little_where_the_arena_may_be_a_little_larger(
    shared_models, name, most_bytes, times
) -> None:
    graph, target = read(shared_models / f"{name}.tflite"), Target(Core.M4F)
    lowered, cycles = lower_graph(graph, target), step_cycles(graph, BOARD)
    whole = plan_memory(graph, lowered)
    most_cycles = times * sum(map(cycles, use_free_bytes(lowered, whole)[0]))
    found = plan_by_rows(graph, lowered, target, whole.arena_bytes, cycles=cycles, most_cycles=most_cycles)
    assert found.plan.arena_bytes <= most_bytes
    after, plan = use_free_bytes(found.lowered, found.plan)
    assert sum(map(cycles, after)) <= most_cycles
    verify_plan(graph, after, plan)


def test_a_search_for_a_fast_plan_ends_after_counted_work(monkeypatch) -> None:
    """What it lays out is bounded however many plans there are, and the best found until then is taken."""
    graph, target = long_chain(np.random.default_rng(1)), Target(Core.M4F)
    lowered, cycles = lower_graph(graph, target), step_cycles(graph, BOARD)
    whole = plan_memory(graph, lowered)
    most_cycles = 1.05 * sum(map(cycles, use_free_bytes(lowered, whole)[0]))

    def planned(work: int) -> tuple[int, int]:
        counted: list[int] = []
        monkeypatch.setattr(band_search, "_MOST_SEARCHED", work)
        monkeypatch.setattr(band_search, "within", lambda *args: counted.append(1) or within(*args))
        kinds = {"cycles": cycles, "most_cycles": most_cycles}
        found = plan_by_rows(graph, lowered, target, whole.arena_bytes, **kinds)
        assert found is not None
        return found.plan.arena_bytes, len(counted)

    (least, many), (early, few) = planned(10**9), planned(4_000)
    assert few < many
    assert least <= early < whole.arena_bytes


def test_the_buffers_of_chains_are_bounded_within_counted_work(monkeypatch, shared_models) -> None:
    """Of a network whose input comes by rows; without any such work the other bounds decide."""
    graph = fed_by_rows(original := read(shared_models / "vww_96_int8.tflite"))
    target = Target(Core.M4F)
    lowered = with_source(original, lower_graph(original, target))

    def planned(work: int) -> tuple[int, int]:
        made: list[int] = []
        monkeypatch.setattr(planning, "_MOST_BOUNDED", work)
        monkeypatch.setattr(planning, "streamed", lambda *args: made.append(1) or streamed(*args))
        found = plan_by_rows(graph, lowered, target, NO_LIMIT)
        assert found is not None
        return found.plan.arena_bytes, len(made)

    (least, many), (early, few) = planned(10**12), planned(0)
    assert few <= 4 < many
    assert least <= early
