"""What only the float network of a result can give: its .keras file, and the noise of each int8 layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.host.temporary_folder import temporary_folder
from micronas.model.net import Net
from micronas.quantize.layer_report import SAMPLES, LayerReport, layer_report
from micronas.train.keras_file import save_keras, weights_from_bytes


@dataclass(frozen=True)
class FloatForm:
    """The bytes of a .keras file, and what int8 costs in each layer."""

    keras: bytes
    layers: LayerReport


def float_form(net: Net, weights: bytes, tflite: bytes, validation: npt.NDArray[np.float32]) -> FloatForm:
    """The .keras file of ``net`` with its packed ``weights``, compared with ``tflite`` on some inputs of
    ``validation``.

    It imports TensorFlow, so call it in a worker or another child process.
    """
    layers = layer_report(net, weights_from_bytes(weights, len(net.nodes)), tflite, some_of(validation))
    with temporary_folder() as folder:
        path = folder / "model.keras"
        save_keras(net, weights, path)
        return FloatForm(path.read_bytes(), layers)


def some_of(inputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The samples of a layer report, evenly spread over ``inputs``."""
    return inputs[np.linspace(0, len(inputs) - 1, min(SAMPLES, len(inputs))).astype(np.int64)]
