"""Dimensions of the largest stack of cells: planes, channels and weights of every cell. No TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from micronas.space.cell.arch import EdgeOp
from micronas.space.extent import Plane, effective_kernel, effective_stride, halved
from micronas.supernet.cell_region import CellRegion
from micronas.supernet.weight_bank import BankLayer, Group, WeightBank

STEM, CLASSIFIER = "stem", "classifier"
DEPTHWISE, POINTWISE = "depthwise", "pointwise"
"""Names of groups and layers."""

_STEM_KERNEL = 3
_MIN_PLANE = 3


@dataclass(frozen=True)
class CellValue:
    """The output of a cell: up to ``blocks`` nodes of ``channels`` channels side by side, on ``plane``."""

    plane: Plane
    channels: int
    blocks: int


@dataclass(frozen=True)
class PlannedCell:
    """A cell of the stack at full width. ``inputs``: values of the previous cell and of the one before."""

    number: int
    reduces: bool
    channels: int
    inputs: tuple[CellValue, CellValue]

    @property
    def plane(self) -> Plane:
        """Plane of the inputs after fitting."""
        return self.inputs[0].plane

    @property
    def steps(self) -> Plane:
        """Strides of edges that read an input."""
        return effective_stride(2 if self.reduces else 1, self.plane)

    @property
    def node_plane(self) -> Plane:
        """Plane of the nodes."""
        return halved(self.plane, self.steps)

    def input_group(self, source: int) -> str:
        """Name of the convolution that fits an input."""
        return f"cell {self.number}, input {source}"

    def edge_group(self, node: int, side: int) -> str:
        """Name of the group of one edge's operations."""
        return f"cell {self.number}, node {node}, edge {side}"

    def input_steps(self, source: int) -> Plane:
        """Strides that bring an input to ``plane``."""
        theirs = self.inputs[source].plane
        down, across = (2 if size > ours else 1 for size, ours in zip(theirs, self.plane, strict=True))
        return down, across


def planned_cells(region: CellRegion) -> tuple[PlannedCell, ...]:
    """The stack of ``region``, first cell first."""
    arch, space = region.reference, region.space
    plane = halved(space.input_shape[:2], effective_stride(arch.stem_stride, space.input_shape[:2]))
    cells: list[PlannedCell] = []
    previous = before = CellValue(plane, arch.channels, 1)
    for reduces in _stack(arch.stages, arch.repeats):
        channels = previous.channels * (2 if reduces else 1)
        cells.append(PlannedCell(len(cells), reduces, channels, (previous, before)))
        before, previous = previous, CellValue(cells[-1].node_plane, channels, space.limits.nodes)
    return tuple(cells)


def distinct_operations(region: CellRegion) -> bool:
    """Whether any two operations differ in every cell, and reductions halve the plane.

    The maximum over 3 or 5 of at most 2 positions is the same, so the space would build it once.
    """
    planes = [(cell, max(cell.node_plane)) for cell in planned_cells(region)]
    return all(size >= _MIN_PLANE and (cell.steps != (1, 1)) == cell.reduces for cell, size in planes)


def weight_bank(region: CellRegion) -> WeightBank:
    """The weights of all possible cells."""
    groups = {STEM: _stem(region)}
    last = CellValue((1, 1), 1, 1)
    for cell in planned_cells(region):
        for source, value in enumerate(cell.inputs):
            fit = _conv((1, 1), value.blocks * value.channels, cell.channels)
            groups[cell.input_group(source)] = Group({POINTWISE: fit})
        for node in range(region.space.limits.nodes):
            for side in range(2):
                groups[cell.edge_group(node, side)] = Group(_edge_layers(cell))
        last = CellValue(cell.node_plane, cell.channels, region.space.limits.nodes)
    classes = region.space.n_classes
    dense = BankLayer((last.blocks * last.channels, classes), classes, batch_norm=False)
    return WeightBank({**groups, CLASSIFIER: Group({CLASSIFIER: dense})})


def operation_layers(op: EdgeOp) -> tuple[str, ...]:
    """Names of an operation's layers in an edge's group; an identity has one if it halves the plane."""
    if op is EdgeOp.SEPARABLE_3X3:
        return f"{op.value} {DEPTHWISE}", f"{op.value} {POINTWISE}"
    return (op.value,) if op.has_weights or op is EdgeOp.IDENTITY else ()


def _stack(stages: int, repeats: int) -> Iterator[bool]:
    for stage in range(stages):
        yield from [False] * repeats
        if stage < stages - 1:
            yield True


def _stem(region: CellRegion) -> Group:
    shape, channels = region.space.input_shape, region.reference.channels
    kernel = effective_kernel(_STEM_KERNEL, shape[:2])
    plane = planned_cells(region)[0].plane
    return Group(
        {
            STEM: _conv(kernel, shape[2], channels),
            DEPTHWISE: _depthwise(effective_kernel(_STEM_KERNEL, plane), channels),
            POINTWISE: _conv((1, 1), channels, channels),
        }
    )


def _edge_layers(cell: PlannedCell) -> dict[str, BankLayer]:
    channels, plane = cell.channels, cell.plane
    depthwise, pointwise = operation_layers(EdgeOp.SEPARABLE_3X3)
    layers = {
        EdgeOp.CONV_3X3.value: _conv(effective_kernel(3, plane), channels, channels),
        EdgeOp.CONV_1X1.value: _conv((1, 1), channels, channels),
        EdgeOp.DEPTHWISE_3X3.value: _depthwise(effective_kernel(3, plane), channels),
        EdgeOp.DEPTHWISE_5X5.value: _depthwise(effective_kernel(5, plane), channels),
        depthwise: _depthwise(effective_kernel(3, plane), channels),
        pointwise: _conv((1, 1), channels, channels),
    }
    if cell.reduces:
        layers[EdgeOp.IDENTITY.value] = _conv((1, 1), channels, channels)
    return layers


def _conv(kernel: Plane, reads: int, filters: int) -> BankLayer:
    return BankLayer((*kernel, reads, filters), filters)


def _depthwise(kernel: Plane, channels: int) -> BankLayer:
    return BankLayer((*kernel, channels, 1), channels)
