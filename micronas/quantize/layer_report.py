"""What int8 costs, layer by layer: ranges, saturation, and noise against the float network.

The signal-to-noise ratio of a layer compares its int8 results, as the device computes them, with those of the
float network on the same samples. It includes the noise that the layer reads; ``lost_db`` is what the layer
itself loses. The layer that adds most noise is where a wider range, more calibration samples or
quantization-aware training would help.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.errors import percent
from micronas.model.graph import Graph, Quant
from micronas.model.interpreter import run_tensors
from micronas.model.net import Net
from micronas.model.tflite import read_bytes
from micronas.quantize.convert import float_values
from micronas.train.tf_logging import import_tensorflow
from micronas.train.weights import Weights, fold
from micronas.trial import Json

Values: TypeAlias = npt.NDArray[np.float32]

SAMPLES = 32
"""Validation samples of a report; their noise powers agree to a fraction of a dB from about 16 on."""

HIGHEST_DB = 120.0
"""Of a layer without any noise."""


@dataclass(frozen=True)
class QuantizedLayer:
    """One op on the samples: ``low`` to ``high`` in float, ``int8_low`` to ``int8_high`` representable.

    ``saturated`` is the share of float results outside the representable range. ``snr_db`` is the
    signal-to-noise ratio of its int8 results; ``lost_db`` how much that is below the worst of its inputs.
    The network's input comes first, as op -1.
    """

    op: int
    kind: str
    shape: tuple[int, ...]
    low: float
    high: float
    int8_low: float
    int8_high: float
    saturated: float
    snr_db: float
    lost_db: float

    @property
    def name(self) -> str:
        """The kind of the op and its number; the input has none."""
        return self.kind if self.op < 0 else f"{self.kind} {self.op}"

    def __str__(self) -> str:
        shape = "x".join(map(str, self.shape))
        return f"{self.name} ({shape}): {self.snr_db + self.lost_db:.1f} to {self.snr_db:.1f} dB"

    @property
    def is_exact(self) -> bool:
        """Whether int8 holds its values without any noise, as it does those of a picture of 8 bits."""
        return self.snr_db >= HIGHEST_DB

    @property
    def reads_exact(self) -> bool:
        """Whether all that it reads is exact; what it loses is then no figure."""
        return self.snr_db + self.lost_db >= HIGHEST_DB

    @property
    def added_noise(self) -> float:
        """The noise power that it adds, as a share of its signal's.

        Decibels do not compare layers: the first one after an exact input, such as a picture of 8 bits, loses
        most of them with the least noise.
        """
        return float(10.0 ** (-self.snr_db / 10) - 10.0 ** (-(self.snr_db + self.lost_db) / 10))


@dataclass(frozen=True)
class LayerReport:
    """The layers of a network in their order, on ``samples`` samples of the validation split."""

    samples: int
    layers: tuple[QuantizedLayer, ...]

    @property
    def costliest(self) -> QuantizedLayer:
        """The layer that adds most noise; the input's own noise is not counted."""
        return max(self.layers, key=lambda layer: layer.added_noise)

    @property
    def snr_db(self) -> float:
        """Of the network's output."""
        return self.layers[-1].snr_db

    def __str__(self) -> str:
        clipped = max(self.layers, key=lambda layer: layer.saturated)
        text = f"output {self.snr_db:.1f} dB above its noise, most of it from {self.costliest}"
        if clipped.saturated >= 0.001:
            text += f"; {clipped.name} saturates in {percent(clipped.saturated)}"
        return text

    def to_json(self) -> dict[str, Json]:
        """Every field of every layer, and which adds most noise."""
        layers: list[Json] = [{**asdict(layer), "shape": list(layer.shape)} for layer in self.layers]
        return {"samples": self.samples, "costliest": self.costliest.op, "layers": layers}


def layer_report_from_json(value: Mapping[str, Json]) -> LayerReport:
    """The inverse of ``to_json``; raises ``TypeError`` or ``KeyError`` for another form."""
    samples, layers = value["samples"], value["layers"]
    if not isinstance(samples, int) or not isinstance(layers, list) or not layers:
        raise TypeError(f"layer report is {value!r}")
    return LayerReport(samples, tuple(_layer(layer) for layer in layers))


def _layer(value: Any) -> QuantizedLayer:
    return QuantizedLayer(**{**value, "shape": tuple(value["shape"])})


def layer_report(net: Net, weights: Weights, tflite: bytes, samples: Values) -> LayerReport:
    """Compare the float network with its int8 file on float ``samples`` (N, *net.input_shape)."""
    graph = read_bytes(tflite, "candidate")
    tf, folded = import_tensorflow(), fold(weights)
    exact = [np.asarray(values, np.float32) for values in float_values(tf, net, folded, samples)]
    tensors = [graph.inputs[0], *(op.outputs[0] for op in graph.ops)]
    found = run_tensors(graph, [_int8(graph, tensors[0], samples)])
    real = [_real(graph, tensor, found[tensor]) for tensor in tensors]
    snr = [_snr_db(*pair) for pair in zip(exact, real, strict=True)]
    layers = []
    for index, (node, tensor) in enumerate(zip(net.nodes, tensors, strict=True)):
        kind = graph.ops[index - 1].kind if index else "INPUT"
        worst = min((snr[i] for i in node.inputs), default=snr[0])
        shape, (low, high) = graph.tensors[tensor].shape[1:], _reach(graph, tensor)
        values = exact[index]
        outside = _share_outside(values, low, high, _quant(graph, tensor).scale[0])
        reach = float(values.min()), float(values.max()), low, high
        lost = max(0.0, worst - snr[index])
        layers.append(QuantizedLayer(index - 1, kind, shape, *reach, outside, snr[index], lost))
    return LayerReport(len(samples), tuple(layers))


def _reach(graph: Graph, tensor: int) -> tuple[float, float]:
    """The lowest and the highest number that int8 represents there."""
    low, high = (float(_real(graph, tensor, np.array(q, np.int8))) for q in (-128, 127))
    return low, high


def _int8(graph: Graph, tensor: int, values: Values) -> npt.NDArray[np.int8]:
    q = np.rint(values / np.float32(_quant(graph, tensor).scale[0])) + _zero(graph, tensor)
    return np.asarray(np.clip(q, -128, 127), np.int8)


def _share_outside(values: Values, low: float, high: float, step: float) -> float:
    """Beyond the outermost steps, where rounding alone does not bring a value back."""
    return float(np.mean((values < low - 0.5 * step) | (values > high + 0.5 * step)))


def _snr_db(exact: Values, found: Values) -> float:
    wide = exact.astype(np.float64).ravel()
    signal, noise = float(np.sum(wide**2)), float(np.sum((wide - found.ravel()) ** 2))
    if noise == 0.0:
        return HIGHEST_DB
    return 0.0 if signal == 0.0 else min(HIGHEST_DB, 10.0 * math.log10(signal / noise))


def _real(graph: Graph, tensor: int, values: npt.NDArray[np.generic]) -> Values:
    scale = np.float32(_quant(graph, tensor).scale[0])
    return np.asarray((values.astype(np.int32) - _zero(graph, tensor)) * scale, np.float32)


def _zero(graph: Graph, tensor: int) -> int:
    return _quant(graph, tensor).zero_point[0]


def _quant(graph: Graph, tensor: int) -> Quant:
    quant = graph.tensors[tensor].quant
    assert quant is not None, "an int8 graph has scales on all int8 tensors"
    return quant
