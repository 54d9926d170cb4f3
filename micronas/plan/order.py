"""In which order to run the ops so that the most memory ever live is least.

The live bytes after a set of ops do not depend on the order inside the set, so the best order is a path
through sets of ops whose highest step is lowest: Dijkstra's algorithm with max in place of +. Chains have one
order and take no search; when the sets get too many, the better of the graph's own and a greedy order stands.
"""

from __future__ import annotations

import heapq

from micronas.plan.values import Problem

MAX_STATES = 2000


def best_order(problem: Problem) -> tuple[int, ...]:
    """A topological order with the lowest peak: proven for small graphs, never worse than the graph's own."""
    given = tuple(range(len(problem.demands)))
    peak = order_peak(problem, given)
    if peak == unavoidable_peak(problem):
        return given
    found = _search(problem, below=peak)
    if found is None:
        greedy = _greedy_order(problem)
        found = greedy if order_peak(problem, greedy) < peak else given
    return found


def order_peak(problem: Problem, order: tuple[int, ...]) -> int:
    """Most bytes live at once when the ops run in ``order``, inputs loaded and outputs read included."""
    done, peak = 0, problem.live_bytes(0)
    for op in order:
        peak = max(peak, problem.live_bytes(done) + problem.extra_bytes(op, done))
        done |= 1 << op
    return max(peak, problem.live_bytes(done))


def unavoidable_peak(problem: Problem) -> int:
    """A bound below every order: some op's inputs, outputs and scratch, or the graph's inputs or outputs."""
    everything = (1 << len(problem.demands)) - 1
    ends = (problem.live_bytes(0), problem.live_bytes(everything))
    return max(*ends, *(_own_bytes(problem, op) for op in range(len(problem.demands))))


def _own_bytes(problem: Problem, op: int) -> int:
    others = (1 << len(problem.demands)) - 1 & ~(1 << op)
    reads = sum(problem.values[v].size for v in problem.demands[op].reads)
    return reads + problem.extra_bytes(op, others)


def ready_ops(problem: Problem, done: int) -> list[int]:
    """Ops not in ``done`` whose inputs are all there, in the graph's order."""
    return [i for i, d in enumerate(problem.demands) if not done >> i & 1 and not d.needs & ~done]


def _search(problem: Problem, below: int) -> tuple[int, ...] | None:
    """The order with the lowest peak under ``below``; the graph's own if none is; None out of states."""
    everything = (1 << len(problem.demands)) - 1
    start = problem.live_bytes(0)
    heap: list[tuple[int, int, int, int, tuple[int, ...]]] = [(start, 0, 0, 0, ())]
    closed: set[int] = set()
    pushed = 0
    while heap:
        peak, _, _, done, order = heapq.heappop(heap)
        if done == everything:
            return order
        if done in closed:
            continue
        closed.add(done)
        if len(closed) > MAX_STATES:
            return None
        for op, step in _moves(problem, done, peak):
            if step < below:
                pushed += 1
                # Deeper first among equals: a finished order ends the search.
                heapq.heappush(heap, (step, -len(order), pushed, done | 1 << op, (*order, op)))
    return tuple(range(len(problem.demands)))


def _moves(problem: Problem, done: int, peak: int) -> list[tuple[int, int]]:
    """Next ops with the peak after each; just one where that cannot be wrong.

    An op that needs no more than the peak so far and leaves no more live than before can run at once: moving
    it forward in any order never adds a byte elsewhere.
    """
    live = problem.live_bytes(done)
    moves = []
    for op in ready_ops(problem, done):
        step = max(peak, live + problem.extra_bytes(op, done))
        if step == peak and problem.live_bytes(done | 1 << op) <= live:
            return [(op, step)]
        moves.append((op, step))
    return moves


def _greedy_order(problem: Problem) -> tuple[int, ...]:
    """At each step the ready op that needs least, and of those the one that leaves least."""
    done, order = 0, list[int]()
    while len(order) < len(problem.demands):
        op = min(
            ready_ops(problem, done),
            key=lambda i: (problem.extra_bytes(i, done), problem.live_bytes(done | 1 << i), i),
        )
        order.append(op)
        done |= 1 << op
    return tuple(order)
