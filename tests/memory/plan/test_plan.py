"""The planner against an independent checker, exhaustive search on small graphs, and plans by hand."""

from __future__ import annotations

import itertools

from hypothesis import given, settings

from micronas.codegen.lowering import Lowered
from micronas.memory.plan import plan_memory
from micronas.memory.plan.blocks import make_blocks
from micronas.memory.plan.order import best_orders
from micronas.memory.plan.place import few_rivals, height, place
from micronas.memory.plan.values import make_problem
from micronas.model.graph import Graph
from tests.support.planning import lowered_op, make_graph, plain, planning_problems, verify_plan


@given(planning_problems())
@settings(max_examples=400, deadline=None)
def test_no_byte_is_lost(problem):
    graph, lowered = problem
    plan = plan_memory(graph, lowered)
    verify_plan(graph, lowered, plan)
    assert plan.arena_bytes >= plan.bound_bytes
    most = max(plan.live_bytes(step) for step in range(len(graph.ops) + 2))
    assert plan.bound_bytes <= most <= plan.arena_bytes
    if all(low.lead_bytes is None and low.lag_bytes is None for low in lowered):
        assert plan.bound_bytes == most


@given(planning_problems())
@settings(max_examples=50, deadline=None)
def test_planning_is_deterministic(problem):
    assert plan_memory(*problem) == plan_memory(*problem)


# --- exhaustive search --------------------------------------------------------------------------------


def rounded(size: int) -> int:
    return -(-size // 4) * 4


def peak_of(graph: Graph, order: tuple[int, ...], lowered: tuple[Lowered, ...] = ()) -> int:
    """Most bytes live at once, by counting, for ops without copies or in-place inputs."""
    scratch = [rounded(lowered[op].scratch_bytes) if lowered else 0 for op in order]
    position = {op: k for k, op in enumerate(order)}
    birth = dict.fromkeys(graph.inputs, -1) | {
        t: position[i] for i, op in enumerate(graph.ops) for t in op.outputs
    }
    death = dict(birth)
    for i, op in enumerate(graph.ops):
        for t in op.inputs:
            death[t] = max(death[t], position[i])
    death |= dict.fromkeys(graph.outputs, len(order))
    return max(
        sum(rounded(graph.tensors[t].nbytes) for t in birth if birth[t] <= k <= death[t])
        + (scratch[k] if 0 <= k < len(order) else 0)
        for k in range(-1, len(order) + 1)
    )


def all_orders(graph: Graph):
    maker = {t: i for i, op in enumerate(graph.ops) for t in op.outputs}
    for order in itertools.permutations(range(len(graph.ops))):
        seen: set[int] = set()
        for i in order:
            if any(t in maker and maker[t] not in seen for t in graph.ops[i].inputs):
                break
            seen.add(i)
        else:
            yield order


@given(planning_problems(most_ops=6))
@settings(max_examples=120, deadline=None)
def test_order_is_the_best_of_all(problem):
    graph, drawn = problem
    lowered = tuple(lowered_op(i, low.scratch_bytes) for i, low in enumerate(drawn))
    plan = plan_memory(graph, lowered)
    assert plan.bound_bytes == min(peak_of(graph, order, lowered) for order in all_orders(graph))


def min_arena(graph: Graph, order: tuple[int, ...]) -> int:
    """The best of first-fit placements over every order of the tensors: one of them is optimal."""
    position = {op: k for k, op in enumerate(order)}
    life = {t: [-1, -1] for t in graph.inputs}
    life |= {t: [position[i]] * 2 for i, op in enumerate(graph.ops) for t in op.outputs}
    for i, op in enumerate(graph.ops):
        for t in op.inputs:
            life[t][1] = max(life[t][1], position[i])
    for t in graph.outputs:
        life[t][1] = len(order)
    best = 10**9
    for sequence in itertools.permutations(life):
        placed: dict[int, int] = {}
        for t in sequence:
            offset, size = 0, rounded(graph.tensors[t].nbytes)
            for u in sorted(placed, key=placed.__getitem__):
                together = life[t][0] <= life[u][1] and life[u][0] <= life[t][1]
                if together and placed[u] < offset + size:
                    offset = max(offset, placed[u] + rounded(graph.tensors[u].nbytes))
            placed[t] = offset
        best = min(best, max(placed[t] + rounded(graph.tensors[t].nbytes) for t in life))
    return best


@given(planning_problems(most_ops=5))
@settings(max_examples=60, deadline=None)
def test_placement_is_the_best_of_all(problem):
    graph, _ = problem
    plan = plan_memory(graph, plain(graph))
    assert plan.arena_bytes == min_arena(graph, plan.order)


# --- by hand ------------------------------------------------------------------------------------------


def test_chain_needs_its_widest_pair():
    sizes = [100, 40, 160, 20, 60, 8]
    graph = make_graph(sizes, [([i], [i + 1]) for i in range(5)], [0], [5])
    plan = plan_memory(graph, plain(graph))
    assert plan.arena_bytes == 200
    assert plan.peak_op == 1


def test_branches_run_one_after_the_other():
    """Two branches that widen and narrow: interleaved they need 208 bytes, one by one 116."""
    sizes = [8, 100, 8, 100, 8, 16]
    interleaved = [([0], [1]), ([0], [3]), ([1], [2]), ([3], [4]), ([2, 4], [5])]
    graph = make_graph(sizes, interleaved, [0], [5])
    assert peak_of(graph, (0, 1, 2, 3, 4)) == 208
    assert plan_memory(graph, plain(graph)).arena_bytes == 116


def test_the_larger_of_two_dying_inputs_is_taken_over():
    """Run the last op before op 6, and tensors 4 and 7 both die in op 6: its output goes onto the larger."""
    ops = [
        ([0], [2]),
        ([0], [3]),
        ([0], [4]),
        ([0], [5]),
        ([1], [6]),
        ([2], [7]),
        ([4, 7, 3], [8]),
        ([4, 5], [9]),
    ]
    graph = make_graph([4, 4, 4, 4, 4, 4, 4, 8, 12, 4], ops, [0, 1], [6, 8, 9])
    lowered = tuple(lowered_op(i, in_place=tuple(range(len(reads)))) for i, (reads, _) in enumerate(ops))
    plan = plan_memory(graph, lowered)
    verify_plan(graph, lowered, plan)
    assert plan.offsets[8] == plan.offsets[7]
    assert plan.arena_bytes == 28


def test_scratch_decides_which_branch_runs_first():
    """The second op needs 100 bytes of scratch: 124 bytes if it runs first, 164 after the other branch."""
    graph = make_graph([8, 40, 16, 8], [([0], [1]), ([0], [2]), ([1, 2], [3])], [0], [3])
    lowered = (lowered_op(0), lowered_op(1, scratch=100), lowered_op(2))
    plan = plan_memory(graph, lowered)
    assert plan.order == (1, 0, 2)
    assert plan.arena_bytes == 124


def test_the_search_reaches_the_bound_where_greedy_placement_does_not():
    """Every greedy placement leaves gaps: 80 bytes, where 72 are live at the most."""
    ops = [([0], [1]), ([0], [2]), ([0, 2], [3]), ([2], [4]), ([1, 3], [5]), ([4], [6])]
    graph = make_graph([8, 20, 28, 20, 8, 24, 28], ops, [0], [5, 6])
    problem = make_problem(graph, plain(graph))
    candidates = [make_blocks(problem, order) for order in best_orders(problem)]
    assert min(height(blocks, place(blocks, few_rivals(blocks))) for blocks in candidates) == 80
    plan = plan_memory(graph, plain(graph))
    assert plan.arena_bytes == plan.bound_bytes == 72


def test_residual_add_in_place_takes_no_third_tensor():
    sizes = [64, 64, 64]
    graph = make_graph(sizes, [([0], [1]), ([0, 1], [2])], [0], [2])
    assert plan_memory(graph, plain(graph)).arena_bytes == 192
    add_in_place = (lowered_op(0), lowered_op(1, in_place=(0, 1)))
    assert plan_memory(graph, add_in_place).arena_bytes == 128


def test_input_that_is_needed_later_is_not_overwritten():
    graph = make_graph([64, 64, 64], [([0], [1]), ([0, 1], [2])], [0], [2])
    in_place = (lowered_op(0, in_place=(0,)), lowered_op(1))
    assert plan_memory(graph, in_place).arena_bytes == 192


def test_graph_output_is_not_overwritten():
    graph = make_graph([64, 64], [([0], [1])], [0], [0, 1])
    plan = plan_memory(graph, (lowered_op(0, in_place=(0,)),))
    assert plan.offsets[0] != plan.offsets[1]


def test_copies_share_memory_along_a_chain():
    graph = make_graph([32, 32, 32, 4], [([0], [1]), ([1], [2]), ([2], [3])], [0], [3])
    copies = (lowered_op(0, is_copy=True), lowered_op(1, is_copy=True), lowered_op(2))
    plan = plan_memory(graph, copies)
    assert plan.offsets[0] == plan.offsets[1] == plan.offsets[2]
    assert plan.arena_bytes == 36


def test_an_output_trails_its_input_through_memory():
    """Widening by a lead of 24 and by a lag of 8, narrowing by a lead of 4: 168 bytes in place of 320."""
    graph = make_graph([100, 160, 160, 60], [([0], [1]), ([1], [2]), ([2], [3])], [0], [3])
    lowered = (lowered_op(0, lead=24), lowered_op(1, lag=8), lowered_op(2, lead=4))
    plan = plan_memory(graph, lowered)
    verify_plan(graph, lowered, plan)
    assert plan.arena_bytes == plan.bound_bytes == 168


def test_an_input_that_is_needed_later_is_not_trailed():
    graph = make_graph([64, 64, 64], [([0], [1]), ([0, 1], [2])], [0], [2])
    assert plan_memory(graph, (lowered_op(0, lead=0, lag=0), lowered_op(1))).arena_bytes == 192


def test_scratch_lives_for_its_op_only():
    graph = make_graph([16, 16, 16], [([0], [1]), ([1], [2])], [0], [2])
    plan = plan_memory(graph, (lowered_op(0, scratch=32), lowered_op(1, scratch=32)))
    assert plan.arena_bytes == 64
