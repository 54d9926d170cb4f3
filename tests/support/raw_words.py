"""A front end of half a second of audio, and networks with made-up weights for it or another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.model.front_end import FrontEndFile, LogMel
from micronas.model.graph import Graph, Quant
from micronas.model.net import Conv, Dense, Flatten, NetBuilder, SoftmaxLayer, shape_graph
from micronas.model.op_attributes import Softmax
from micronas.space.reference.random_weights import random_weights

SPEC = LogMel(8000, window=240, hop=160, fft=256, bands=20, low_hz=20.0, high_hz=4000.0)
FILE = FrontEndFile(SPEC.front_end, "spectrogram", (24, 20, 1), (0.0, 1.0), "classify", ("high", "low"), {})
QUANT = Quant((float(np.float32(1 / 255)),), (-128,))


def network(file: FrontEndFile = FILE, seed: int = 0, quant: Quant = QUANT) -> Graph:
    """A convolution and a dense layer, with weights that answer differently for different inputs."""
    layers = (Conv(4, 3, 1, 2, 1), Flatten(), Dense(len(file.labels)), SoftmaxLayer())
    graph = random_weights(shape_graph(NetBuilder(file.input_shape).chain(*layers).build()), seed=seed)
    tensors = list(graph.tensors)
    tensors[graph.inputs[0]] = replace(tensors[graph.inputs[0]], quant=quant)
    certain = replace(graph.ops[-1], attrs=Softmax(beta=12.0))
    return replace(graph, tensors=tuple(tensors), ops=(*graph.ops[:-1], certain))
