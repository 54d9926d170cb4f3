"""Blocks: the units of placement, with their bytes at each step.

Time runs over steps 0 .. n + 1: inputs are loaded at step 0, the k-th op of the order runs at step k + 1,
outputs are read at step n + 1. A value that is taken over in place shares its block, and so its offset, with
its successor. A block that begins at the step at which another ends may be allowed to overlap it in that
step; its ``trail`` then names the other block.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, replace

from micronas.memory.plan.values import AllocationProblem, Trail


@dataclass(frozen=True)
class MemoryBlock:
    """``profile[i]``: bytes used at step ``start + i``; ``values`` and ``scratch_of`` name the users."""

    start: int
    profile: tuple[int, ...]
    values: tuple[int, ...] = ()
    scratch_of: int | None = None
    trail: Trail | None = None

    @functools.cached_property
    def end(self) -> int:
        """First step after the life of the block."""
        return self.start + len(self.profile)

    @functools.cached_property
    def size(self) -> int:
        """Maximum bytes over its life."""
        return max(self.profile)

    @functools.cached_property
    def is_level(self) -> bool:
        """Whether it takes its maximum at each step of its life, as most blocks do."""
        return min(self.profile) == self.size

    def most_within(self, first: int, last: int) -> int:
        """Maximum bytes from step ``first`` to before step ``last``, both within its life."""
        return self.size if self.is_level else max(self.profile[first - self.start : last - self.start])


def make_blocks(problem: AllocationProblem, order: tuple[int, ...]) -> tuple[MemoryBlock, ...]:
    """The blocks of ``problem`` run in ``order``."""
    step = {op: k + 1 for k, op in enumerate(order)}
    spans = [_span(problem, v, step, len(order) + 1) for v in range(len(problem.values))]
    chains = _takeover_chains(problem, order)
    trails = _trails(problem, order, chains)
    blocks = [_chain_block(problem, chain, spans, trails.get(chain[0])) for chain in chains]
    for op, demand in enumerate(problem.demands):
        if demand.scratch:
            blocks.append(MemoryBlock(step[op], (demand.scratch,), scratch_of=op))
    return tuple(blocks)


def lower_bound(blocks: tuple[MemoryBlock, ...]) -> int:
    """Maximum bytes used at one step, a lower bound of every placement."""
    return max(taken_bytes(blocks))


def taken_bytes(blocks: tuple[MemoryBlock, ...]) -> list[int]:
    """For each step, the minimum bytes that hold the live blocks, with full use of overlaps."""
    steps = max(b.end for b in blocks)
    shared, change = [0] * steps, [0] * (steps + 1)
    for block in blocks:
        change[block.start] += block.profile[0]
        change[block.end] -= block.profile[-1]
        if not block.is_level:
            for step, (before, after) in enumerate(itertools.pairwise(block.profile), start=block.start + 1):
                change[step] += after - before
        if block.trail is not None:
            source = blocks[block.trail.source]
            shared[block.start] += block.trail.shared_bytes(source.profile[-1], block.profile[0])
    return [taken - less for taken, less in zip(itertools.accumulate(change), shared, strict=False)]


def _span(problem: AllocationProblem, value: int, step: dict[int, int], last: int) -> tuple[int, int]:
    """First and last step at which a value is needed."""
    v = problem.values[value]
    first = 0 if v.producer is None else step[v.producer]
    return first, last if v.is_output else max([first, *(step[op] for op in v.readers)])


def _takeover_chains(problem: AllocationProblem, order: tuple[int, ...]) -> list[list[int]]:
    """Values in chains, each taking over the memory of the one before."""
    chain_of = {v: [v] for v, value in enumerate(problem.values) if value.producer is None}
    done = 0
    for op in order:
        source = problem.taken_over(op, done)
        for v in problem.demands[op].writes:
            chain = chain_of[source] if source is not None and v == problem.demands[op].writes[0] else []
            chain.append(v)
            chain_of[v] = chain
        done |= 1 << op
    unique = {id(chain): chain for chain in chain_of.values()}
    return list(unique.values())


def _trails(problem: AllocationProblem, order: tuple[int, ...], chains: list[list[int]]) -> dict[int, Trail]:
    """Value at the head of a chain -> the chain whose end it may overlap."""
    ends_at = {chain[-1]: i for i, chain in enumerate(chains)}
    found, done = {}, 0
    for op in order:
        trail = problem.trailed(op, done)
        if trail is not None and problem.taken_over(op, done) is None:
            found[problem.demands[op].writes[0]] = replace(trail, source=ends_at[trail.source])
        done |= 1 << op
    return found


def _chain_block(
    problem: AllocationProblem, chain: list[int], spans: list[tuple[int, int]], trail: Trail | None
) -> MemoryBlock:
    start, end = spans[chain[0]][0], spans[chain[-1]][1]
    profile = [0] * (end - start + 1)
    for v in chain:
        for step in range(spans[v][0], spans[v][1] + 1):
            profile[step - start] = max(profile[step - start], problem.values[v].size)
    return MemoryBlock(start, tuple(profile), values=tuple(chain), trail=trail)
