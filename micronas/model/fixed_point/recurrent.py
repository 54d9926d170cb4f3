"""Integer parameters of SVDF and LSTM, as TFLite Micro computes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micronas.model.fixed_point.op_parameters import Requant, requant
from micronas.model.graph import Quant

GATE_SCALE = 2.0**-12
"""Of a gate's sum, Q3.12."""
UNIT_SCALE = 2.0**-15
"""Of what sigmoid and tanh give, Q0.15."""


@dataclass(frozen=True)
class SvdfParameters:
    """The factors of the feature sums and of the sums over time."""

    feature: Requant
    time: Requant


def svdf_parameters(x: Quant, feature: Quant, time: Quant, state: Quant, output: Quant) -> SvdfParameters:
    """Quotients of scales in float32, as TFLite Micro has them."""
    scales = [np.float32(quant.scale[0]) for quant in (x, feature, time, state, output)]
    in_scale, feature_scale, time_scale, state_scale, out_scale = scales
    return SvdfParameters(
        requant(float(in_scale * feature_scale / state_scale)),
        requant(float(state_scale * time_scale / out_scale)),
    )


def gate_requant(source: Quant, weights: Quant) -> Requant:
    """The factor of a gate's sum; the product of the scales is rounded to float32."""
    return requant(float(np.float32(source.scale[0]) * np.float32(weights.scale[0])) / GATE_SCALE)


@dataclass(frozen=True)
class CellParameters:
    """Products between the gates: cell by forget gate, input by cell gate, output gate by tanh of the cell.

    ``clip`` bounds the cell; 0 for no bound. The cell's unit is 2**``power``.
    """

    forget: Requant
    input: Requant
    hidden: Requant
    clip: int
    power: int


def cell_parameters(cell: Quant, hidden: Quant, cell_clip: float) -> CellParameters:
    """Parameters for a cell whose scale is a power of two."""
    cell_scale = cell.scale[0]
    clip = int(min(max(float(np.float32(cell_clip)) / cell_scale, -32768.0), 32767.0))
    return CellParameters(
        forget=requant(UNIT_SCALE * cell_scale / cell_scale),
        input=requant(UNIT_SCALE * UNIT_SCALE / cell_scale),
        hidden=requant(UNIT_SCALE * UNIT_SCALE / hidden.scale[0]),
        clip=clip if cell_clip > 0 else 0,
        power=round(np.log2(cell_scale)),
    )
