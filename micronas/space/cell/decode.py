"""Genotype -> network: a stem, the stack of cells, global average pooling, one dense layer, softmax."""

from __future__ import annotations

from micronas.model.net import (
    Add,
    Concat,
    Conv,
    DepthwiseConv,
    GlobalAveragePool,
    Layer,
    Net,
    NetBuilder,
    Pool,
    PoolKind,
)
from micronas.model.op_attributes import Activation, Padding
from micronas.space.cell.arch import CELL_INPUTS, Cell, CellArch, Edge, EdgeOp, Output
from micronas.space.cell.canonical import canonical, live_edges, live_nodes
from micronas.space.extent import Plane, effective_kernel, effective_stride
from micronas.space.output_layers import output_layers


def decode(arch: CellArch, input_shape: tuple[int, int, int], n_classes: int) -> Net:
    """The network of ``arch`` for inputs (height, width, channels)."""
    return decode_canonical(canonical(arch), input_shape, n_classes)


def decode_canonical(arch: CellArch, input_shape: tuple[int, int, int], n_classes: int) -> Net:
    """The same of an ``arch`` in canonical form."""
    stack = _Stack(input_shape, arch)
    for stage in range(arch.stages):
        for _ in range(arch.repeats):
            stack.add_cell(arch.normal, reduces=False)
        if stage < arch.stages - 1:
            stack.add_cell(arch.reduction, reduces=True)
    return stack.builder.chain(GlobalAveragePool(), *output_layers(n_classes)).build()


class _Stack:
    """The network under construction: its channels, and the outputs of the last two cells."""

    def __init__(self, input_shape: tuple[int, int, int], arch: CellArch) -> None:
        self.builder = NetBuilder(input_shape)
        self._output, self._channels = arch.output, arch.channels
        self._shared: dict[tuple[Layer, tuple[int, ...]], int] = {}
        before = self.builder.add(self._conv(3, arch.stem_stride, 0))
        self.builder.add(self._depthwise(3, 1, before))
        previous = self.builder.add(Conv(self._channels, 1, 1))
        self._previous, self._before_previous = previous, before

    def add_cell(self, cell: Cell, *, reduces: bool) -> None:
        """Appends a cell that reads the two before it; a reduction doubles the channels."""
        self._channels *= 2 if reduces else 1
        plane = self._plane(self._previous)
        nodes = live_nodes(cell)
        read = {
            edge.source for node in nodes for edge in (node.left, node.right) if edge.op is not EdgeOp.NONE
        }
        inputs = (self._previous, self._before_previous)
        values = [self._fitted(v, plane) if i in read else v for i, v in enumerate(inputs)]
        made = []
        for node in nodes:
            terms = [self._edge(e, values, reduces and e.source < CELL_INPUTS) for e in live_edges(node)]
            made.append(self._sum(terms))
            values.append(made[-1])
        self._before_previous, self._previous = self._previous, self._joined(made)
        self.builder.last = self._previous

    def _fitted(self, value: int, plane: Plane) -> int:
        """A cell input in the cell's channels and plane: by a 1x1 convolution if it differs."""
        shape = self.builder.shape(value)
        if shape == (*plane, self._channels):
            return value
        down, across = (2 if size > wanted else 1 for size, wanted in zip(shape[:2], plane, strict=True))
        return self.builder.add(Conv(self._channels, 1, 1, down, across), value)

    def _edge(self, edge: Edge, values: list[int], strided: bool) -> int:
        value, stride = values[edge.source], 2 if strided else 1
        match edge.op:
            case EdgeOp.IDENTITY:
                down, across = effective_stride(stride, self._plane(value))
                if (down, across) == (1, 1):
                    return value
                return self.builder.add(Conv(self._channels, 1, 1, down, across), value)
            case EdgeOp.CONV_3X3:
                return self.builder.add(self._conv(3, stride, value), value)
            case EdgeOp.CONV_1X1:
                return self.builder.add(self._conv(1, stride, value), value)
            case EdgeOp.DEPTHWISE_3X3:
                return self.builder.add(self._depthwise(3, stride, value), value)
            case EdgeOp.DEPTHWISE_5X5:
                return self.builder.add(self._depthwise(5, stride, value), value)
            case EdgeOp.SEPARABLE_3X3:
                return self.builder.add(
                    Conv(self._channels, 1, 1), self.builder.add(self._depthwise(3, stride, value), value)
                )
            case EdgeOp.MAX_POOL_3X3:
                return self._pool(PoolKind.MAX, 3, stride, value)
            case EdgeOp.MAX_POOL_5X5:
                return self._pool(PoolKind.MAX, 5, stride, value)
            case EdgeOp.AVERAGE_POOL_3X3:
                return self._pool(PoolKind.AVERAGE, 3, stride, value)
        raise AssertionError("an edge with NONE has no value")

    def _pool(self, kind: PoolKind, size: int, stride: int, value: int) -> int:
        plane = self._plane(value)
        window, steps = effective_kernel(size, plane), effective_stride(stride, plane)
        if window == (1, 1):
            return value
        return self._share(Pool(kind, *window, *steps, Padding.SAME), value)

    def _sum(self, terms: list[int]) -> int:
        """Sum of distinct values; on a plane too small for two edges to differ, only one is left."""
        total, *rest = dict.fromkeys(terms)
        for term in rest:
            total = self._share(Add(), total, term)
        return total

    def _joined(self, values: list[int]) -> int:
        distinct = list(dict.fromkeys(values))
        if self._output is Output.ADD or len(distinct) == 1:
            return self._sum(distinct)
        return self._share(Concat(), *distinct)

    def _share(self, layer: Layer, *inputs: int) -> int:
        """A layer without weights, once per input: the converter would merge repetitions."""
        key = (layer, inputs)
        if key not in self._shared:
            self._shared[key] = self.builder.add(layer, *inputs)
        return self._shared[key]

    def _conv(self, kernel: int, stride: int, value: int) -> Conv:
        plane = self._plane(value)
        return Conv(self._channels, *effective_kernel(kernel, plane), *effective_stride(stride, plane))

    def _depthwise(self, kernel: int, stride: int, value: int) -> DepthwiseConv:
        plane = self._plane(value)
        return DepthwiseConv(
            *effective_kernel(kernel, plane),
            *effective_stride(stride, plane),
            activation=Activation.RELU,
        )

    def _plane(self, value: int) -> Plane:
        shape = self.builder.shape(value)
        return shape[0], shape[1]
