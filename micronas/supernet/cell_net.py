"""One set of weights for every network of a ``CellRegion``; an input tensor selects the network.

Each edge of each cell in the stack has the weights of all operations, for every source (Pham et al. 2018),
and computes only the chosen operation on the chosen source, a single path (Guo et al. 2020). Channels beyond
a narrower width are masked to zero. A cell's output has a slot for each node: concatenated nodes are side by
side, added ones are in the first slot, and their readers have as many input channels. All networks therefore
share one trace, and each computes the same as a stand-alone network with these weights.

Normalisation uses the statistics of the batch, or of its first samples; see ``normalise``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import tensorflow as tf

from micronas.data import Task
from micronas.space.cell.arch import CELL_INPUTS, EdgeOp, Output
from micronas.space.extent import Plane, effective_kernel, effective_stride
from micronas.supernet.cell_edges import Layers, edge_value, picked
from micronas.supernet.cell_plan import (
    CLASSIFIER,
    DEPTHWISE,
    POINTWISE,
    STEM,
    CellValue,
    PlannedCell,
    planned_cells,
    weight_bank,
)
from micronas.supernet.cell_region import (
    FIRST_EDGE,
    GENES_PER_NODE,
    OPS,
    OUTPUT,
    OUTPUTS,
    WIDTH,
    CellRegion,
)
from micronas.supernet.fair_paths import fair_paths
from micronas.train.loop import Loss
from micronas.train.objectives import Objective

Tensor: TypeAlias = Any

_NONE, _CONCAT = OPS.index(EdgeOp.NONE), OUTPUTS.index(Output.CONCAT)


class CellNet:
    """The region's shared weights, see ``SharedNet``."""

    def __init__(self, region: CellRegion, seed: int = 0) -> None:
        self.region, self.bank, self.cells = region, weight_bank(region), planned_cells(region)
        self.parameters = tf.Variable(self.bank.initial(seed), name="parameters")
        self.is_kernel = self.bank.is_kernel()
        self.statistics = tf.Variable(tf.zeros(0), name="no_statistics")
        self._edges: dict[tuple[Any, ...], Any] = {}

    def forward(self, parameters: Tensor, genes: Tensor, x: Tensor, seen: int | None = None) -> Tensor:
        """See ``SharedNet``; ``genes`` are canonical."""
        walk = _Walk(self, parameters, genes, seen)
        previous, before = walk.stem(x)
        for cell in self.cells:
            before, previous = previous, walk.cell(cell, previous, before)
        kernel, bias = walk.dense()
        return tf.reduce_mean(previous.y, (1, 2)) @ kernel + bias

    def step_loss(self, task: Task, objective: Objective, seed: int) -> Loss:
        """See ``SharedNet``: fairly drawn single paths."""
        return fair_paths(self, objective, seed)

    def edge(self, cell: PlannedCell, steps: Plane, seen: int | None) -> Any:
        """``edge_value`` as a function of weights, mask, x and op, traced once for all edges."""
        kind = (cell.reduces, cell.channels, cell.plane, steps, seen)
        if kind not in self._edges:
            group = self.bank.groups[cell.edge_group(0, 0)]

            def value(weights: Tensor, mask: Tensor, x: Tensor, op: Tensor) -> Tensor:
                return edge_value(Layers(group, weights, mask, seen), x, op, steps)

            self._edges[kind] = tf.function(
                value, autograph=False, experimental_attributes={"_noinline": True}
            )
        return self._edges[kind]


@dataclass(frozen=True)
class _Made:
    """A value of ``plan``; ``blocks`` (int32) places and ``width`` (int32) channels of each are in use."""

    plan: CellValue
    y: Tensor
    blocks: Tensor
    width: Tensor


class _Walk:
    """One pass of one network through the weights."""

    def __init__(self, net: CellNet, parameters: Tensor, genes: Tensor, seen: int | None) -> None:
        self._net, self._region, self._bank = net, net.region, net.bank
        self._genes, self._seen = genes, seen
        self._pieces = dict(zip(net.bank.groups, tf.split(parameters, net.bank.sizes), strict=True))
        self._width = tf.gather(net.region.widths, genes[WIDTH])

    def stem(self, x: Tensor) -> tuple[_Made, _Made]:
        """The inputs of the first cell: the previous value, and the one before."""
        arch = self._region.reference
        layers = self._layers(STEM, arch.channels, self._width)
        plane = (int(x.shape[1]), int(x.shape[2]))
        before = layers.apply(STEM, x, effective_kernel(3, plane), effective_stride(arch.stem_stride, plane))
        smaller = effective_kernel(3, (int(before.shape[1]), int(before.shape[2])))
        previous = layers.apply(POINTWISE, layers.apply(DEPTHWISE, before, smaller, (1, 1)), (1, 1), (1, 1))
        plan = CellValue((int(before.shape[1]), int(before.shape[2])), arch.channels, 1)
        made = [_Made(plan, y, tf.constant(1), self._width) for y in (previous, before)]
        return made[0], made[1]

    def cell(self, cell: PlannedCell, previous: _Made, before: _Made) -> _Made:
        """The output of ``cell``."""
        start = FIRST_EDGE + (self._region.genes_per_cell if cell.reduces else 0)
        genes = self._genes[start : start + self._region.genes_per_cell]
        sources, ops = genes[::2], genes[1::2]
        width = self._width * (cell.channels // self._region.reference.channels)
        inputs = [
            self._fitted(cell, source, value, width, _reads(sources, ops, source))
            for source, value in enumerate((previous, before))
        ]
        nodes: list[Tensor] = []
        for node in range(self._region.space.limits.nodes):
            first = GENES_PER_NODE // 2 * node
            nodes.append(
                sum(
                    self._edge(
                        cell, node, side, inputs, nodes, sources[first + side], ops[first + side], width
                    )
                    for side in range(2)
                )
            )
        live = tf.reduce_any(tf.reshape(ops != _NONE, (-1, 2)), 1)
        return self._joined(cell, nodes, tf.reduce_sum(tf.cast(live, tf.int32)), width)

    def dense(self) -> tuple[Tensor, Tensor]:
        """Kernel and bias of the classifier."""
        group = self._bank.groups[CLASSIFIER]
        kernel, bias = group.arrays(self._pieces[CLASSIFIER], CLASSIFIER)
        return tf.reshape(kernel, group.layers[CLASSIFIER].shape), bias

    def _edge(
        self,
        cell: PlannedCell,
        node: int,
        side: int,
        inputs: list[Tensor],
        nodes: list[Tensor],
        source: Tensor,
        op: Tensor,
        width: Tensor,
    ) -> Tensor:
        weights, mask = self._pieces[cell.edge_group(node, side)], _mask(cell.channels, width)

        def of_input() -> Tensor:
            return self._net.edge(cell, cell.steps, self._seen)(weights, mask, picked(inputs, source), op)

        def of_node() -> Tensor:
            x = picked(nodes, source - CELL_INPUTS)
            return self._net.edge(cell, (1, 1), self._seen)(weights, mask, x, op)

        if cell.steps == (1, 1):
            x = picked([*inputs, *nodes], source)
            return self._net.edge(cell, (1, 1), self._seen)(weights, mask, x, op)
        return tf.cond(source < CELL_INPUTS, of_input, of_node) if nodes else of_input()

    def _fitted(self, cell: PlannedCell, source: int, value: _Made, width: Tensor, is_read: Tensor) -> Tensor:
        """An input in the cell's channels and plane, by a 1x1 convolution if it differs and is read."""
        steps = cell.input_steps(source)
        layers = self._layers(cell.input_group(source), cell.channels, width)

        def convolved() -> Tensor:
            return layers.apply(POINTWISE, value.y, (1, 1), steps)

        def unchanged() -> Tensor:
            # The used channels of a narrower network are at their positions in the largest network, with
            # gaps.
            place = tf.range(cell.channels)
            apart = place // value.width * value.plan.channels + place % value.width
            y = tf.gather(value.y, tf.minimum(apart, int(value.y.shape[3]) - 1), axis=3) * _mask(
                cell.channels, width
            )
            return y[:, :: steps[0], :: steps[1]]

        differs = True if steps != (1, 1) else value.blocks * value.width != width
        return tf.cond(tf.logical_and(is_read, differs), convolved, unchanged)

    def _joined(self, cell: PlannedCell, nodes: list[Tensor], live: Tensor, width: Tensor) -> _Made:
        """Nodes side by side or added, by the genes; those without a value are zero."""
        concatenates = self._genes[OUTPUT] == _CONCAT

        def added() -> Tensor:
            missing = (len(nodes) - 1) * cell.channels
            return tf.pad(tf.add_n(nodes), ((0, 0), (0, 0), (0, 0), (0, missing)))

        y = tf.cond(concatenates, lambda: tf.concat(nodes, -1), added)
        plan = CellValue(cell.node_plane, cell.channels, len(nodes))
        return _Made(plan, y, tf.where(concatenates, live, 1), width)

    def _layers(self, group: str, channels: int, width: Tensor) -> Layers:
        return Layers(self._bank.groups[group], self._pieces[group], _mask(channels, width), self._seen)


def _reads(sources: Tensor, ops: Tensor, source: int) -> Tensor:
    return tf.reduce_any((sources == source) & (ops != _NONE))


def _mask(channels: int, width: Tensor) -> Tensor:
    return tf.cast(tf.range(channels) < width, tf.float32)
