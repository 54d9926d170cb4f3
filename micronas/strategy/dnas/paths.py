"""The paths of a block, one per kind: all kernels and expansions of a kind share one set of weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from micronas.model.op_attributes import Activation
from micronas.space.extent import effective_stride
from micronas.space.layerwise import BlockKind
from micronas.strategy.dnas.backbone import Slot
from micronas.strategy.dnas.decisions import SlotDecisions
from micronas.strategy.dnas.fake_quant import quantized_weights
from micronas.strategy.dnas.layers import kernel_mask, normalised, width_mask
from micronas.strategy.dnas.parameters import ParameterSource
from micronas.train.depthwise import depthwise_conv2d

Tensor: TypeAlias = Any


def slot_output(
    slot: Slot, source: ParameterSource, choice: SlotDecisions, reads: Tensor, x: Tensor
) -> Tensor:
    """The block's expected output, masked to its expected width; ``reads`` is the width choice of ``x``."""
    mask = width_mask(slot.widths, choice.width)
    total: Tensor = 0.0
    for kind in dict.fromkeys(form.kind for form in slot.candidates):
        members = [i for i, form in enumerate(slot.candidates) if form.kind is kind]
        weights = tf.gather(choice.candidate, members)
        share = tf.reduce_sum(weights)
        within = _Within(slot, members, weights / (share + 1e-8))
        y = _PATHS[kind](within, source, x) * mask
        if kind is BlockKind.INVERTED and slot.may_add:
            y += _chance_of_equal_widths(slot, reads, choice.width) * x
        total += share * y
    return total


class _Within:
    """The decisions within a block's kind: kernel and expansion."""

    def __init__(self, slot: Slot, members: list[int], weights: Tensor) -> None:
        forms = [slot.candidates[i] for i in members]
        self.slot, self._weights = slot, weights
        self._kernels = tuple(form.kernel for form in forms)
        self._expansions = [form.expansion for form in forms]

    def kernel_mask(self) -> Tensor:
        """(height, width) of the largest kernel."""
        return kernel_mask(self.slot.windows(self._kernels), self._weights)

    @property
    def largest_expansion(self) -> int:
        """Of all candidates of this kind."""
        return max(self._expansions)

    def hidden_mask(self, channels: int) -> Tensor:
        """(channels x largest expansion,): the expected mask of an inverted bottleneck's hidden channels."""
        groups = np.arange(self.largest_expansion)[np.newaxis] < np.array(self._expansions)[:, np.newaxis]
        mask = tf.linalg.matvec(groups.astype(np.float32), self._weights, transpose_a=True)
        return tf.repeat(mask, channels)


def _chance_of_equal_widths(slot: Slot, reads: Tensor, writes: Tensor) -> Tensor:
    """Probability of a residual."""
    equal = np.equal.outer(slot.in_widths, slot.widths).astype(np.float32)
    return tf.reduce_sum(reads * tf.linalg.matvec(equal, writes))


def _conv_path(within: _Within, source: ParameterSource, x: Tensor) -> Tensor:
    mask, channels, filters = within.kernel_mask(), int(x.shape[-1]), within.slot.widths[-1]
    height, width = mask.shape
    kernel = source.kernel((height, width, channels, filters), height * width * channels)
    kernel = quantized_weights(kernel * mask[:, :, tf.newaxis, tf.newaxis], -1)
    stride = effective_stride(within.slot.stride, within.slot.plane)
    return normalised(source, tf.nn.conv2d(x, kernel, stride, "SAME"), Activation.RELU)


def _separable_path(within: _Within, source: ParameterSource, x: Tensor) -> Tensor:
    y = _depthwise(within, source, x, Activation.RELU)
    return _pointwise(source, y, within.slot.widths[-1], Activation.RELU)


def _inverted_path(within: _Within, source: ParameterSource, x: Tensor) -> Tensor:
    channels = int(x.shape[-1])
    mask = within.hidden_mask(channels)
    y = _pointwise(source, x, channels * within.largest_expansion, Activation.RELU6) * mask
    y = _depthwise(within, source, y, Activation.RELU6) * mask
    return _pointwise(source, y, within.slot.widths[-1], Activation.NONE)


_PATHS: dict[BlockKind, Callable[[_Within, ParameterSource, Tensor], Tensor]] = {
    BlockKind.CONV: _conv_path,
    BlockKind.SEPARABLE: _separable_path,
    BlockKind.INVERTED: _inverted_path,
}


def _depthwise(within: _Within, source: ParameterSource, x: Tensor, activation: Activation) -> Tensor:
    mask, channels = within.kernel_mask(), int(x.shape[-1])
    height, width = mask.shape
    kernel = source.kernel((height, width, channels, 1), height * width)
    kernel = quantized_weights(kernel * mask[:, :, tf.newaxis, tf.newaxis], 2)
    stride = effective_stride(within.slot.stride, within.slot.plane)
    return normalised(source, depthwise_conv2d(x, kernel, stride), activation)


def _pointwise(source: ParameterSource, x: Tensor, filters: int, activation: Activation) -> Tensor:
    channels = int(x.shape[-1])
    kernel = quantized_weights(source.kernel((1, 1, channels, filters), channels), -1)
    return normalised(source, tf.nn.conv2d(x, kernel, 1, "SAME"), activation)
