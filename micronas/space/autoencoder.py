"""``AutoencoderSpace``: dense autoencoders for anomaly detection (as in MLPerf Tiny's and MCUNet's AD tasks).

The genotype is that of ``MlpSpace``: widths from the first layer to the bottleneck. The decoder mirrors the
encoder and ends in one linear unit per input value; the distance of output and input is the anomaly score.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from micronas.model.net import Dense, Flatten, Net, NetBuilder
from micronas.model.op_attributes import Activation
from micronas.space.mlp import MlpArch, MlpSpace
from micronas.space.widths import nearest_width

BOTTLENECKS = (4, 8, 16)
"""Bottlenecks of the baselines; MLPerf Tiny's network has 8."""


class AutoencoderSpace(MlpSpace):
    """See ``micronas.space.Space`` for the methods; ``hidden`` ends in the bottleneck."""

    has_bottleneck = True

    def build(self, arch: MlpArch) -> Net:
        """Encoder, bottleneck, mirrored decoder; the output is flat, (features,)."""
        builder = NetBuilder(self.input_shape)
        if len(self.input_shape) == 3:
            builder.add(Flatten())
        for width in (*arch.hidden, *arch.hidden[-2::-1]):
            builder.add(Dense(width, Activation.RELU, batch_norm=True))
        return builder.chain(Dense(math.prod(self.input_shape))).build()

    def raw_baselines(self) -> Iterator[MlpArch]:
        """Equal layers before a narrow bottleneck, at every allowed width."""
        depth = min(max(2, self.limits.min_layers), self.limits.max_layers)
        for width in self.limits.widths:
            for bottleneck in BOTTLENECKS:
                last = nearest_width(bottleneck, self.limits.widths)
                yield MlpArch((*(width,) * (depth - 1), last))
