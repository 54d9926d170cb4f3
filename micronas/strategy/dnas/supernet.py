"""The supernet: every network of a backbone in one set of weights.

Width: a layer always computes its widest form, and an expected mask turns output channels off (FBNetV2).
Kernel: one largest kernel with a masked rim, and one widest expansion (Single-Path NAS). Kind: a weighted sum
of the paths. Depth: a weighted sum of the block and its input.

A forward pass is a pure function of flat parameters, running magnitudes and decisions, so a search traces it
once. Normalisation uses the batch's statistics: the weights only serve to compare choices and are discarded.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.model.op_attributes import Activation
from micronas.strategy.dnas.backbone import ChoiceBackbone
from micronas.strategy.dnas.choice import KEEP
from micronas.strategy.dnas.decisions import Decisions, by_name
from micronas.strategy.dnas.fake_quant import quantized_weights
from micronas.strategy.dnas.layers import kernel_mask, normalised, width_mask
from micronas.strategy.dnas.parameters import FreshParameters, ParameterSource, StoredParameters
from micronas.strategy.dnas.paths import slot_output

Tensor: TypeAlias = Any
Array: TypeAlias = npt.NDArray[np.float32]


class DnasSupernet:
    """All networks of ``backbone``; ``is_kernel`` is 1.0 where weight decay applies."""

    def __init__(self, backbone: ChoiceBackbone, seed: int) -> None:
        self.backbone = backbone
        fresh = FreshParameters(seed)
        evenly = [np.full(n, 1.0 / n, np.float32) for n in backbone.decision_sizes]
        decisions = by_name([tf.constant(p) for p in evenly])
        _forward(backbone, fresh, decisions, tf.zeros((1, *backbone.input_shape)))
        self._shapes = [value.shape for value in fresh.values]
        self.initial: Array = np.concatenate([value.ravel() for value in fresh.values])
        self.is_kernel: Array = np.concatenate(
            [np.full(v.size, d, np.float32) for v, d in zip(fresh.values, fresh.decayed, strict=True)]
        )
        self.initial_magnitudes: Array = np.zeros(fresh.magnitudes, np.float32)

    def forward(
        self, parameters: Tensor, magnitudes: Tensor, decisions: Decisions, x: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits (batch, classes) and the running magnitudes of activations after this batch."""
        stored = StoredParameters(self._shapes, parameters, magnitudes)
        logits = _forward(self.backbone, stored, decisions, x)
        return logits, stored.new_magnitudes()


def _forward(backbone: ChoiceBackbone, source: ParameterSource, decisions: Decisions, x: Tensor) -> Tensor:
    x = _stem(backbone, source, decisions, x)
    width = decisions.stem_width
    for slot, choice in zip(backbone.slots, decisions.slots, strict=True):
        computed = slot_output(slot, source, choice, width, x)
        if slot.skippable:
            keep = choice.keep[KEEP]
            x = keep * computed + (1.0 - keep) * x
            width = keep * choice.width + (1.0 - keep) * width
        else:
            x, width = computed, choice.width
    return _head(backbone, source, x)


def _stem(backbone: ChoiceBackbone, source: ParameterSource, decisions: Decisions, x: Tensor) -> Tensor:
    widest, channels = backbone.stem_widths[-1], backbone.input_shape[2]
    mask = kernel_mask(backbone.stem_windows, decisions.stem_kernel)
    height, width = mask.shape
    kernel = source.kernel((height, width, channels, widest), height * width * channels)
    kernel = quantized_weights(kernel * mask[:, :, tf.newaxis, tf.newaxis], -1)
    y = normalised(source, tf.nn.conv2d(x, kernel, backbone.stem_step, "SAME"), Activation.RELU)
    return y * width_mask(backbone.stem_widths, decisions.stem_width)


def _head(backbone: ChoiceBackbone, source: ParameterSource, x: Tensor) -> Tensor:
    channels = int(x.shape[-1])
    kernel = quantized_weights(source.kernel((channels, backbone.n_classes), channels), -1)
    return tf.reduce_mean(x, (1, 2)) @ kernel + source.vector(backbone.n_classes, 0.0)
