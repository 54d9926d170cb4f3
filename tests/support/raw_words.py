"""A network with made-up weights beside its ``front_end.json``, and wav files that it can hear."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml

from micronas.model.front_end import FILE_NAME, FrontEndFile, LogMel, to_json
from micronas.model.graph import Graph, Quant
from micronas.model.net import Conv, Dense, Flatten, NetBuilder, SoftmaxLayer, shape_graph
from micronas.model.op_attributes import Softmax
from micronas.model.tflite.writer import write
from micronas.space.reference.random_weights import random_weights
from tests.support.recordings import write_words

SPEC = LogMel(8000, window=240, hop=160, fft=256, bands=20, low_hz=20.0, high_hz=4000.0)
FILE = FrontEndFile(SPEC.front_end, "spectrogram", (24, 20, 1), (0.0, 1.0), "classify", ("high", "low"), {})
QUANT = Quant((float(np.float32(1 / 255)),), (-128,))


@dataclass(frozen=True)
class Words:
    """Paths of the network, of the configuration of its data, and the network itself."""

    model: Path
    config: Path
    graph: Graph


def network(file: FrontEndFile = FILE, seed: int = 0, quant: Quant = QUANT) -> Graph:
    """A convolution and a dense layer, with weights that answer differently for different inputs."""
    layers = (Conv(4, 3, 1, 2, 1), Flatten(), Dense(len(file.labels)), SoftmaxLayer())
    graph = random_weights(shape_graph(NetBuilder(file.input_shape).chain(*layers).build()), seed=seed)
    tensors = list(graph.tensors)
    tensors[graph.inputs[0]] = replace(tensors[graph.inputs[0]], quant=quant)
    certain = replace(graph.ops[-1], attrs=Softmax(beta=12.0))
    return replace(graph, tensors=tuple(tensors), ops=(*graph.ops[:-1], certain))


def write_case(folder: Path, graph: Graph, file: FrontEndFile, data: dict[str, object]) -> Words:
    """``best/model.tflite`` with its front end, and ``data.yaml``."""
    best = folder / "best"
    best.mkdir(parents=True)
    (best / "model.tflite").write_bytes(write(graph))
    (best / FILE_NAME).write_text(json.dumps(to_json(file)))
    (folder / "data.yaml").write_text(yaml.safe_dump({"data": data}))
    return Words(best / "model.tflite", folder / "data.yaml", graph)


def write_raw_words(folder: Path) -> Words:
    """Two words of half a second at 8 kHz, six speakers."""
    words = write_words(folder / "words", per_class=18)
    options = {"clip_s": 0.5, "bands": 20, "groups": "(?P<speaker>[a-z0-9]+)_"}
    data = {"name": "audio_folder", "path": str(words), "options": options}
    return write_case(folder, network(), FILE, data)
