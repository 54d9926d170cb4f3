"""In which order to run the ops so that the most memory ever live is least.

The live bytes after a set of ops do not depend on the order inside the set, so the best order is a path
through sets of ops whose highest step is lowest: Dijkstra's algorithm with max in place of +. Chains have one
order and take no time; when the sets get too many, the better of the graph's own and a greedy order stands.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator

from micronas.memory.plan.values import AllocationProblem

MAX_STATES = 2000
MAX_VARIANTS = 8


def best_orders(problem: AllocationProblem) -> Iterator[tuple[int, ...]]:
    """Topological orders with the lowest peak found, each once; the best guess first.

    Proven lowest for small graphs, never worse than the graph's own. More than one, because tensors that fit
    by the sum may not fit side by side, and then another order with the same peak often does.
    """
    given = tuple(range(len(problem.demands)))
    peak = order_peak(problem, given)
    yielded: set[tuple[int, ...]] = set()
    if peak == unavoidable_peak(problem):
        yielded.add(given)
        yield given
    for variant in range(MAX_VARIANTS):
        order = _search(problem, peak, random.Random(variant) if variant else None)
        if order is None:
            order = _fallback(problem, given, peak)
        if order not in yielded:
            yielded.add(order)
            yield order


def _fallback(problem: AllocationProblem, given: tuple[int, ...], peak: int) -> tuple[int, ...]:
    """For graphs too large to search: the better of the graph's own order and the greedy one."""
    greedy = _greedy_order(problem)
    return greedy if order_peak(problem, greedy) < peak else given


def order_peak(problem: AllocationProblem, order: tuple[int, ...]) -> int:
    """Most bytes live at once when the ops run in ``order``, inputs loaded and outputs read included."""
    done, live = 0, problem.live_bytes(0)
    peak = live
    for op in order:
        peak = max(peak, live + problem.extra_bytes(op, done))
        live += problem.growth(op, done)
        done |= 1 << op
    return max(peak, live)


def unavoidable_peak(problem: AllocationProblem) -> int:
    """A bound below every order: some op's inputs, outputs and scratch, or the graph's inputs or outputs."""
    everything = (1 << len(problem.demands)) - 1
    ends = (problem.live_bytes(0), problem.live_bytes(everything))
    return max(*ends, *(_own_bytes(problem, op) for op in range(len(problem.demands))))


def _own_bytes(problem: AllocationProblem, op: int) -> int:
    others = (1 << len(problem.demands)) - 1 & ~(1 << op)
    reads = sum(problem.values[v].size for v in problem.demands[op].reads)
    return reads + problem.extra_bytes(op, others)


def ready_ops(problem: AllocationProblem, done: int) -> list[int]:
    """Ops not in ``done`` whose inputs are all there, in the graph's order."""
    return [i for i, d in enumerate(problem.demands) if not done >> i & 1 and not d.needs & ~done]


def _search(problem: AllocationProblem, limit: int, ties: random.Random | None) -> tuple[int, ...] | None:
    """An order with the lowest peak, which is at most ``limit``; None when there are too many states.

    Among equals the deeper goes first, so that a finished order ends the search, then the graph's own
    order, or a drawn one.
    """
    everything = (1 << len(problem.demands)) - 1
    start = problem.live_bytes(0)
    heap: list[tuple[int, int, float, int, int, tuple[int, ...]]] = [(start, 0, 0.0, 0, start, ())]
    closed: set[int] = set()
    pushed = 0
    while heap:
        peak, _, _, done, live, order = heapq.heappop(heap)
        if done == everything:
            return order
        if done in closed:
            continue
        closed.add(done)
        if len(closed) > MAX_STATES:
            return None
        for op, step, growth in _moves(problem, done, peak, live):
            if step <= limit:
                pushed += 1
                tie = ties.random() if ties else float(pushed)
                state = (step, -len(order), tie, done | 1 << op, live + growth, (*order, op))
                heapq.heappush(heap, state)
    raise AssertionError("the graph's own order is within its own peak")


def _moves(problem: AllocationProblem, done: int, peak: int, live: int) -> list[tuple[int, int, int]]:
    """Next ops, the peak with each, and the change of live bytes; just one op where that cannot be wrong.

    An op that needs no more than the peak so far and leaves no more live than before can run at once: moving
    it forward in any order never adds a byte elsewhere.
    """
    moves = []
    for op in ready_ops(problem, done):
        step = max(peak, live + problem.extra_bytes(op, done))
        growth = problem.growth(op, done)
        if step == peak and growth <= 0:
            return [(op, step, growth)]
        moves.append((op, step, growth))
    return moves


def _greedy_order(problem: AllocationProblem) -> tuple[int, ...]:
    """At each step the ready op that needs least, and of those the one that leaves least."""
    done, order = 0, list[int]()
    while len(order) < len(problem.demands):
        op = min(
            ready_ops(problem, done),
            key=lambda i: (problem.extra_bytes(i, done), problem.growth(i, done), i),
        )
        order.append(op)
        done |= 1 << op
    return tuple(order)
