"""``convert``: quantizes a trained float model to an int8 .tflite file, and compares the two."""

from __future__ import annotations

from pathlib import Path

from micronas.api.models import Calibration, Model, name_of, samples_of
from micronas.errors import ConfigError
from micronas.quantize.keras_model import Converted, convert_keras


def convert(model: Model, calibration: Calibration, *, out: str | Path | None = None) -> Converted:
    """Quantize ``model`` (a ``keras.Model``, a .keras or .h5 file, or a SavedModel) to int8.

    ``calibration`` is an array of float samples prepared as for training, or a search configuration. ``out``
    is the path of the .tflite file; the result has its bytes in any case. Raises ``QuantizeError`` if the
    int8 network is not equivalent to the float one.
    """
    if calibration is None:
        raise ConfigError("conversion needs samples", remedy="give 50 to 200 samples of the training data")
    converted = convert_keras(model, samples_of(calibration), name=name_of(model))
    if out is not None:
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        Path(out).write_bytes(converted.tflite)
    return converted
