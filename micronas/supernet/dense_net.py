"""One set of weights for every network of a ``DenseRegion``; an input tensor selects the network.

Units beyond a narrower width are masked to zero, a layer that is left out outputs its input. All hidden
values are as wide as the widest layer, so that any layer can follow any other. For layers this small, slicing
costs more than it saves: a step takes up to twice as long (measured).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from micronas.data import Task
from micronas.supernet.dense_region import DEPTH, DenseRegion
from micronas.supernet.region import Genes
from micronas.supernet.sandwich import sandwich
from micronas.supernet.weight_bank import BankLayer, Group, WeightBank
from micronas.train.batch_norm import normalised
from micronas.train.loop import Loss
from micronas.train.objectives import Objective
from micronas.train.weights import NodeWeights, Norm, Weights, kernel_shape

Tensor: TypeAlias = Any

_LAYER, _OUTPUTS = "dense", "outputs"
"""Names of a group's layer and of the last group."""


class DenseNet:
    """The region's shared weights, see ``SharedNet``."""

    def __init__(self, region: DenseRegion, seed: int = 0) -> None:
        self.region, self.bank = region, _weight_bank(region)
        self.parameters = tf.Variable(self.bank.initial(seed), name="parameters")
        self.is_kernel = self.bank.is_kernel()
        self.statistics = tf.Variable(tf.zeros(0), name="no_statistics")

    def forward(self, parameters: Tensor, genes: Any, x: Tensor, seen: int | None = None) -> Tensor:
        """See ``SharedNet``."""
        pieces = dict(zip(self.bank.groups, tf.split(parameters, self.bank.sizes), strict=True))
        depth = tf.gather(self.region.depths, genes[DEPTH])
        y = tf.reshape(x, (-1, math.prod(x.shape[1:])))
        for number, step in enumerate(self.region.steps):
            kernel, scale, offset = self._arrays(str(number), pieces[str(number)])
            width = tf.gather(self.region.widths[step.gene - 1], genes[step.gene])
            made = tf.nn.relu(normalised(y @ kernel, scale, offset, seen))
            made *= tf.cast(tf.range(int(made.shape[1])) < width, tf.float32)
            always = step.min_depth <= self.region.depths[0]
            y = made if always else tf.where(step.min_depth <= depth, made, y)
        kernel, bias = self._arrays(_OUTPUTS, pieces[_OUTPUTS])
        return y @ kernel + bias

    def step_loss(self, task: Task, objective: Objective, seed: int) -> Loss:
        """See ``SharedNet``: the sandwich rule."""
        return sandwich(self, objective, seed, distils=task is Task.CLASSIFY)

    def weights_alone(self, genes: Genes) -> Weights:
        """Weights of ``region.net(genes)``: the first units of its layers.

        Running statistics are mean 0 and variance 1; ``reestimate_statistics`` computes them.
        """
        net = self.region.net(genes)
        layers = self._layers_alone(genes)
        shapes = (kernel_shape(net, index) for index in range(len(net.nodes)))
        return tuple(None if shape is None else _sliced(next(layers), shape) for shape in shapes)

    def _layers_alone(self, genes: Genes) -> Iterator[NodeWeights]:
        pieces = self.bank.split(self.parameters.numpy())
        depth = self.region.depths[genes[DEPTH]]
        for number, step in enumerate(self.region.steps):
            if step.min_depth <= depth:
                kernel, scale, offset = self._arrays(str(number), pieces[str(number)])
                norm = Norm(scale, offset, np.zeros_like(scale), np.ones_like(scale))
                yield NodeWeights(np.asarray(kernel), None, norm)
        kernel, bias = self._arrays(_OUTPUTS, pieces[_OUTPUTS])
        yield NodeWeights(np.asarray(kernel), bias, None)

    def _arrays(self, group: str, vector: Any) -> tuple[Any, ...]:
        """Kernel (in, out) and the vectors after it; ``vector`` is a TensorFlow or NumPy array."""
        described = self.bank.groups[group]
        kernel, *rest = described.arrays(vector, _LAYER)
        reshape = np.reshape if isinstance(vector, np.ndarray) else tf.reshape
        return (reshape(kernel, described.layers[_LAYER].shape), *rest)


def _weight_bank(region: DenseRegion) -> WeightBank:
    features = math.prod(region.space.input_shape)
    widest = max(options[-1] for options in region.widths)
    groups: dict[str, Group] = {}
    reads = features
    for number in range(len(region.steps)):
        groups[str(number)] = Group({_LAYER: BankLayer((reads, widest), widest)})
        reads = widest
    outputs = region.space.n_classes if region.max_bottleneck is None else features
    groups[_OUTPUTS] = Group({_LAYER: BankLayer((reads, outputs), outputs, batch_norm=False)})
    return WeightBank(groups)


def _sliced(node: NodeWeights, shape: tuple[int, ...]) -> NodeWeights:
    kernel = np.ascontiguousarray(node.kernel[: shape[0], : shape[1]])
    if node.norm is None:
        return NodeWeights(kernel, node.bias, None)
    of_norm = (node.norm.gamma, node.norm.beta, node.norm.mean, node.norm.variance)
    return NodeWeights(kernel, None, Norm(*(values[: shape[1]] for values in of_norm)))
