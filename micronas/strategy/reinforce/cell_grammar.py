"""The cell space as tokens: the stack, then two edges (source, operation) per node of both cells."""

from __future__ import annotations

from collections.abc import Iterator

from micronas.space.cell import CellArch, CellSpace
from micronas.space.cell.arch import CELL_INPUTS, PREVIOUS, Cell, CellNode, Edge, EdgeOp, Output
from micronas.strategy.reinforce.grammar import Choose

_OPS, _OUTPUTS, _STEM_STRIDES = tuple(EdgeOp), tuple(Output), (1, 2)
_STACK, _CHANNELS, _STEM, _OUTPUT, _FIRST_EDGE = range(5)
_PER_NODE = 4


class CellGrammar:
    """The grammar of a ``CellSpace``; the last node makes up for what a cell must have and has not.

    That is an edge from the cell before it, and an operation with weights.
    """

    def __init__(self, space: CellSpace) -> None:
        self._space, self._limits = space, space.limits

    @property
    def slots(self) -> tuple[int, ...]:
        """See ``Tokens``."""
        limits = self._limits
        sizes = [len(limits.stacks), len(limits.widths), len(_STEM_STRIDES), len(_OUTPUTS)]
        for _cell in range(2):
            for node in range(limits.nodes):
                sizes += [CELL_INPUTS + node, len(_OPS)] * 2
        return tuple(sizes)

    def emit(self, choose: Choose) -> CellArch:
        """See ``Tokens``."""

        def pick(slot: int) -> int:
            return choose(slot, (True,) * self.slots[slot])

        stages, repeats = self._limits.stacks[pick(_STACK)]
        channels, stem = self._limits.widths[pick(_CHANNELS)], _STEM_STRIDES[pick(_STEM)]
        output = _OUTPUTS[pick(_OUTPUT)]
        normal, reduction = (self._cell(choose, number) for number in range(2))
        raw = CellArch(normal, reduction, channels, repeats, stages, stem, output)
        return self._space.from_json(self._space.to_json(raw))  # in canonical form

    def indices(self, arch: CellArch) -> Iterator[int]:
        """See ``Tokens``."""
        yield self._limits.stacks.index((arch.stages, arch.repeats))
        yield self._limits.widths.index(arch.channels)
        yield _STEM_STRIDES.index(arch.stem_stride)
        yield _OUTPUTS.index(arch.output)
        for cell in (arch.normal, arch.reduction):
            for node in cell.nodes:
                for edge in (node.left, node.right):
                    yield from (edge.source, _OPS.index(edge.op))

    def _cell(self, choose: Choose, number: int) -> Cell:
        nodes: list[CellNode] = []
        slot = _FIRST_EDGE + number * _PER_NODE * self._limits.nodes
        for node in range(self._limits.nodes):
            last = node == self._limits.nodes - 1
            left = _edge(choose, slot, nodes, last and not _reads_previous(nodes), False)
            with_left = [*nodes, CellNode(left, left)]
            right = _edge(choose, slot + 2, nodes, False, last and not _has_weights(with_left))
            nodes.append(CellNode(left, right))
            slot += _PER_NODE
        return Cell(tuple(nodes))


def _edge(choose: Choose, slot: int, before: list[CellNode], previous: bool, weights: bool) -> Edge:
    """One edge; ``previous`` and ``weights`` say what it has to have. It never reads a node without value."""
    alive = (True, True, *(any(e.op is not EdgeOp.NONE for e in (n.left, n.right)) for n in before))
    source = choose(slot, tuple(ok and (i == PREVIOUS or not previous) for i, ok in enumerate(alive)))
    ops = tuple((op.has_weights or not weights) and (op is not EdgeOp.NONE or not previous) for op in _OPS)
    return Edge(source, _OPS[choose(slot + 1, ops)])


def _reads_previous(nodes: list[CellNode]) -> bool:
    edges = (edge for node in nodes for edge in (node.left, node.right))
    return any(edge.source == PREVIOUS and edge.op is not EdgeOp.NONE for edge in edges)


def _has_weights(nodes: list[CellNode]) -> bool:
    return any(edge.op.has_weights for node in nodes for edge in (node.left, node.right))
