"""The execution order of the ops with the lowest peak of live memory.

The live bytes after a set of ops do not depend on the order inside the set, so the best order is the path
through sets of ops with the lowest maximum: Dijkstra's algorithm with max instead of +. Chains have a single
order and take no time. If there are too many sets, the better of the graph's own order and a greedy order is
used.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from typing import TypeAlias

from micronas.memory.plan.values import AllocationProblem

MAX_STATES = 2000
MAX_MOVES = 12_000
"""Moves that one search may weigh; the greedy order as many on top of two for each op."""
MAX_VARIANTS = 8


class _TooManyMovesError(Exception):
    """The search would take too long."""


Path: TypeAlias = "tuple[int, Path] | None"
"""An order as a linked list, its last op first."""


def best_orders(problem: AllocationProblem) -> Iterator[tuple[int, ...]]:
    """Distinct topological orders with the lowest peak found, the most promising first.

    The peak is provably lowest for small graphs and never higher than that of the graph's own order. There is
    more than one, because tensors whose sum fits may not fit side by side, and another order with the same
    peak often does.
    """
    given = tuple(range(len(problem.demands)))
    peak = order_peak(problem, given)
    yielded: set[tuple[int, ...]] = set()
    if peak == unavoidable_peak(problem):
        yielded.add(given)
        yield given
    if _is_chain(problem):
        yield from () if yielded else (given,)
        return
    for variant in range(MAX_VARIANTS):
        try:
            order = _search(problem, peak, random.Random(variant) if variant else None)
        except _TooManyMovesError:
            order, variant = _fallback(problem, given, peak), MAX_VARIANTS
        if order is None:
            raise AssertionError("the graph's own order is within its own peak")
        if order not in yielded:
            yielded.add(order)
            yield order
        if variant == MAX_VARIANTS:
            return


def has_order_within(problem: AllocationProblem, limit_bytes: int) -> bool:
    """Whether the first of ``best_orders`` has a peak of at most ``limit_bytes``; for no, it is not found."""
    given = tuple(range(len(problem.demands)))
    peak = order_peak(problem, given)
    if peak <= limit_bytes:
        return True
    if _is_chain(problem) or unavoidable_peak(problem) > limit_bytes:
        return False
    try:
        return _search(problem, limit_bytes, None) is not None
    except _TooManyMovesError:
        return order_peak(problem, _fallback(problem, given, peak)) <= limit_bytes


def _is_chain(problem: AllocationProblem) -> bool:
    """Whether each op needs the one before it, so that there is but one order."""
    return all(d.needs >> i - 1 & 1 for i, d in enumerate(problem.demands) if i)


def _fallback(problem: AllocationProblem, given: tuple[int, ...], peak: int) -> tuple[int, ...]:
    """For graphs too large to search: the better of the graph's own order and the greedy one."""
    greedy = _greedy_order(problem)
    return greedy if greedy is not None and order_peak(problem, greedy) < peak else given


def order_peak(problem: AllocationProblem, order: tuple[int, ...]) -> int:
    """Maximum live bytes when the ops run in ``order``, including the loading of inputs and reading of
    outputs.
    """
    done, live = 0, problem.live_bytes(0)
    peak = live
    for op in order:
        peak = max(peak, live + problem.extra_bytes(op, done))
        live += problem.growth(op, done)
        done |= 1 << op
    return max(peak, live)


def unavoidable_peak(problem: AllocationProblem) -> int:
    """A lower bound of every order: an op's inputs, outputs and scratch, or the graph's inputs or outputs."""
    everything = (1 << len(problem.demands)) - 1
    ends = (problem.live_bytes(0), problem.live_bytes(everything))
    return max(*ends, *(_own_bytes(problem, op, everything) for op in range(len(problem.demands))))


def _own_bytes(problem: AllocationProblem, op: int, everything: int) -> int:
    reads = sum(problem.values[v].size for v in problem.demands[op].reads)
    return reads + problem.extra_bytes(op, everything ^ 1 << op)


def first_ready(problem: AllocationProblem) -> tuple[int, ...]:
    """Ops that need no other."""
    return tuple(i for i, demand in enumerate(problem.demands) if not demand.needs)


def ready_after(problem: AllocationProblem, op: int, ready: tuple[int, ...], done: int) -> tuple[int, ...]:
    """Ops whose inputs are all there once ``op`` of ``ready`` has run, in the graph's order.

    ``done`` are the ops that then have run, ``op`` among them.
    """
    demands = problem.demands
    new = [f for f in problem.followers[op] if demands[f].needs & done == demands[f].needs]
    if len(ready) == 1:
        return tuple(new)
    return tuple(sorted([i for i in ready if i != op] + new))


def _search(problem: AllocationProblem, limit: int, ties: random.Random | None) -> tuple[int, ...] | None:
    """An order with the lowest peak, if that is at most ``limit``.

    Ties go to the deeper state, so that a complete order ends the search, then to the graph's own order or a
    random one. Raises ``_TooManyMovesError`` where there are too many to weigh.
    """
    everything = (1 << len(problem.demands)) - 1
    start = problem.live_bytes(0)
    heap: list[tuple[int, int, float, int, int, tuple[int, ...], Path]]
    heap = [(start, 0, 0.0, 0, start, first_ready(problem), None)]
    closed: set[int] = set()
    pushed, budget = 0, MAX_MOVES
    while heap:
        peak, depth, _, done, live, ready, path = heapq.heappop(heap)
        if done == everything:
            return _unrolled(path)
        if done in closed:
            continue
        closed.add(done)
        budget -= len(ready)
        if len(closed) > MAX_STATES or budget < 0:
            raise _TooManyMovesError
        for op, step, growth in _moves(problem, ready, done, peak, live):
            if step <= limit:
                pushed += 1
                tie = ties.random() if ties else float(pushed)
                after = done | 1 << op
                left = ready_after(problem, op, ready, after)
                heapq.heappush(heap, (step, depth - 1, tie, after, live + growth, left, (op, path)))
    return None


def _unrolled(path: Path) -> tuple[int, ...]:
    order = []
    while path is not None:
        op, path = path
        order.append(op)
    return tuple(reversed(order))


def _moves(
    problem: AllocationProblem, ready: tuple[int, ...], done: int, peak: int, live: int
) -> list[tuple[int, int, int]]:
    """Next ops, the peak with each, and the change of live bytes; a single op if that is provably safe.

    An op that needs no more than the peak so far and leaves no more live than before can run at once: moving
    it forward in any order never adds a byte elsewhere.
    """
    moves = []
    for op in ready:
        step = max(peak, live + problem.extra_bytes(op, done))
        growth = problem.growth(op, done)
        if step == peak and growth <= 0:
            return [(op, step, growth)]
        moves.append((op, step, growth))
    return moves


def _greedy_order(problem: AllocationProblem) -> tuple[int, ...] | None:
    """At each step the ready op that needs the fewest bytes, and of those the one that leaves the fewest.

    None when too many ops are ready at a time.
    """
    done, order, ready = 0, list[int](), first_ready(problem)
    budget = MAX_MOVES + 2 * len(problem.demands)
    while ready:
        budget -= len(ready)
        if budget < 0:
            return None
        need = {i: (problem.extra_bytes(i, done), problem.growth(i, done), i) for i in ready}
        op = min(ready, key=need.__getitem__)
        order.append(op)
        done |= 1 << op
        ready = ready_after(problem, op, ready, done)
    return tuple(order)
