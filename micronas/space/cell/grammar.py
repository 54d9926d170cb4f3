"""The cell space as tokens: the stack, then two edges (source, operation) per node of both cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from micronas.space.architecture import Arch
from micronas.space.cell.arch import (
    CELL_INPUTS,
    PREVIOUS,
    Cell,
    CellArch,
    CellLimits,
    CellNode,
    Edge,
    EdgeOp,
)
from micronas.space.cell.genes import whole_genes
from micronas.space.gene_group import made_of
from micronas.space.grammar import Choose

_OPS = tuple(EdgeOp)
_STACK, _FIRST_WHOLE = 0, 1
_PER_NODE = 4


class CellGrammar:
    """The grammar of a ``CellSpace``; the last node adds the required parts that a cell still lacks.

    These are an edge from the previous cell, and an operation with weights.
    """

    def __init__(self, limits: CellLimits, canonical: Callable[[CellArch], CellArch]) -> None:
        self._limits, self._canonical, self._whole = limits, canonical, whole_genes(limits)

    @property
    def slots(self) -> tuple[int, ...]:
        """See ``Grammar``."""
        sizes = [len(self._limits.stacks), *(len(gene.options) for gene in self._whole)]
        for _cell in range(2):
            for node in range(self._limits.nodes):
                sizes += [CELL_INPUTS + node, len(_OPS)] * 2
        return tuple(sizes)

    def emit(self, choose: Choose) -> CellArch:
        """See ``Grammar``."""
        slots = self.slots

        def pick(slot: int) -> int:
            return choose(slot, (True,) * slots[slot])

        stages, repeats = self._limits.stacks[pick(_STACK)]
        whole = {gene.name: gene.options[pick(_FIRST_WHOLE + i)] for i, gene in enumerate(self._whole)}
        normal, reduction = (self._cell(choose, number) for number in range(2))
        stack = {"normal": normal, "reduction": reduction, "repeats": repeats, "stages": stages}
        return self._canonical(made_of(CellArch, {**stack, **whole}))

    def indices(self, arch: Arch) -> Iterator[int]:
        """See ``Grammar``."""
        if not isinstance(arch, CellArch):
            raise ValueError(f"{arch!r} is not in the cell space")
        yield self._limits.stacks.index((arch.stages, arch.repeats))
        for gene in self._whole:
            yield gene.options.index(getattr(arch, gene.name))
        for cell in (arch.normal, arch.reduction):
            for node in cell.nodes:
                for edge in (node.left, node.right):
                    yield from (edge.source, _OPS.index(edge.op))

    def _cell(self, choose: Choose, number: int) -> Cell:
        nodes: list[CellNode] = []
        slot = _FIRST_WHOLE + len(self._whole) + number * _PER_NODE * self._limits.nodes
        for node in range(self._limits.nodes):
            last = node == self._limits.nodes - 1
            left = _edge(choose, slot, nodes, last and not _reads_previous(nodes), False)
            with_left = [*nodes, CellNode(left, left)]
            right = _edge(choose, slot + 2, nodes, False, last and not _has_weights(with_left))
            nodes.append(CellNode(left, right))
            slot += _PER_NODE
        return Cell(tuple(nodes))


def _edge(choose: Choose, slot: int, before: list[CellNode], previous: bool, weights: bool) -> Edge:
    """One edge; ``previous`` and ``weights`` are its required properties.

    It never reads a node without a value.
    """
    alive = (True, True, *(any(e.op is not EdgeOp.NONE for e in (n.left, n.right)) for n in before))
    source = choose(slot, tuple(ok and (i == PREVIOUS or not previous) for i, ok in enumerate(alive)))
    ops = tuple((op.has_weights or not weights) and (op is not EdgeOp.NONE or not previous) for op in _OPS)
    return Edge(source, _OPS[choose(slot + 1, ops)])


def _reads_previous(nodes: list[CellNode]) -> bool:
    edges = (edge for node in nodes for edge in (node.left, node.right))
    return any(edge.source == PREVIOUS and edge.op is not EdgeOp.NONE for edge in edges)


def _has_weights(nodes: list[CellNode]) -> bool:
    return any(edge.op.has_weights for node in nodes for edge in (node.left, node.right))
