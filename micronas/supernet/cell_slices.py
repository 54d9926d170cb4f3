"""A stand-alone cell network, sliced from the shared weights."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from micronas.space.cell import Cell, EdgeOp, Output
from micronas.space.cell.arch import CELL_INPUTS
from micronas.space.cell.canonical import live_edges, live_nodes
from micronas.supernet.cell_net import CellNet
from micronas.supernet.cell_plan import (
    CLASSIFIER,
    DEPTHWISE,
    POINTWISE,
    STEM,
    PlannedCell,
    operation_layers,
)
from micronas.supernet.region import Genes
from micronas.supernet.slices import sliced_kernel
from micronas.train.weights import Array, NodeWeights, Norm, Weights, kernel_shape


def cell_weights(net: CellNet, genes: Genes) -> Weights:
    """Weights of ``region.net(genes)`` for canonical ``genes``: the layers on its path, with their first
    channels.

    Running statistics are mean 0 and variance 1; ``reestimate_statistics`` computes them.
    """
    alone = net.region.net(genes)
    layers = _Slices(net, genes).layers()
    shapes = (kernel_shape(alone, index) for index in range(len(alone.nodes)))
    return tuple(None if shape is None else _sized(next(layers), shape) for shape in shapes)


class _Slices:
    def __init__(self, net: CellNet, genes: Genes) -> None:
        self._net, self._arch = net, net.region.arch(genes)
        self._pieces = net.bank.split(net.parameters.numpy())

    def layers(self) -> Iterator[NodeWeights]:
        """Weighted layers on the path; for readers of a cell, only the used input channels."""
        arch = self._arch
        for name in (STEM, DEPTHWISE, POINTWISE):
            yield self._layer(STEM, name)
        used = [1, 1]  # slots that the previous cell and the one before it use
        shares = [arch.channels, arch.channels]
        for cell in self._net.cells:
            made = arch.reduction if cell.reduces else arch.normal
            width = arch.channels * cell.channels // self._net.region.reference.channels
            for source in _read(made):
                value = cell.inputs[source]
                if cell.input_steps(source) != (1, 1) or used[source] * shares[source] != width:
                    rows = _rows(used[source], shares[source], value.channels)
                    yield self._layer(cell.input_group(source), POINTWISE, rows)
            yield from self._edges(cell, made)
            blocks = len(live_nodes(made)) if arch.output is Output.CONCAT else 1
            used, shares = [blocks, used[0]], [width, shares[0]]
        yield self._layer(CLASSIFIER, CLASSIFIER, _rows(used[0], shares[0], self._net.cells[-1].channels))

    def _edges(self, cell: PlannedCell, made: Cell) -> Iterator[NodeWeights]:
        for number, node in enumerate(live_nodes(made)):
            for side, edge in enumerate((node.left, node.right)):
                strided = edge.source < CELL_INPUTS and cell.steps != (1, 1)
                if edge in live_edges(node) and (edge.op is not EdgeOp.IDENTITY or strided):
                    for name in operation_layers(edge.op):
                        yield self._layer(cell.edge_group(number, side), name)

    def _layer(self, group: str, name: str, rows: list[int] | None = None) -> NodeWeights:
        described = self._net.bank.groups[group]
        kernel, *rest = described.arrays(self._pieces[group], name)
        kernel = kernel.reshape(described.layers[name].shape)
        if rows is not None:
            kernel = kernel[..., rows, :]
        if len(rest) == 1:
            return NodeWeights(kernel, rest[0], None)
        scale, offset = rest
        return NodeWeights(kernel, None, Norm(scale, offset, np.zeros_like(scale), np.ones_like(scale)))


def _read(cell: Cell) -> list[int]:
    """Inputs of a cell, the previous cell first."""
    sources = {edge.source for node in live_nodes(cell) for edge in live_edges(node)}
    return [source for source in range(CELL_INPUTS) if source in sources]


def _rows(blocks: int, width: int, apart: int) -> list[int]:
    """Used input channels: the first ``width`` of each of ``blocks`` slots of ``apart`` channels."""
    return [block * apart + channel for block in range(blocks) for channel in range(width)]


def _sized(node: NodeWeights, shape: tuple[int, ...]) -> NodeWeights:
    """The centre of the kernel and the first channels, with their statistics."""
    kernel = sliced_kernel(node.kernel, shape)
    if node.norm is None:
        return NodeWeights(kernel, node.bias, None)
    channels = shape[-2] if shape[-1] == 1 else shape[-1]
    first: tuple[Array, ...] = tuple(
        a[:channels] for a in (node.norm.gamma, node.norm.beta, node.norm.mean, node.norm.variance)
    )
    return NodeWeights(kernel, None, Norm(*first))
