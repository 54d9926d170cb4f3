"""What only the float network of a result can give: its .keras file, and the noise of each int8 layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from micronas.model.net import Net
from micronas.quantize.layer_report import LayerReport, layer_report
from micronas.train.keras_file import save_keras, weights_from_bytes


def write_float_form(
    net: Net, weights: bytes, path: Path, tflite: bytes, samples: npt.NDArray[np.float32]
) -> LayerReport:
    """Write the .keras file and compare the network with ``tflite`` on ``samples``.

    It imports TensorFlow, so call it in a child process.
    """
    save_keras(net, weights, path)
    return layer_report(net, weights_from_bytes(weights, len(net.nodes)), tflite, samples)
