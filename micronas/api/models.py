"""A model in any form that a verb takes, as the graph of an int8 network."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.config import SearchConfig, load_config
from micronas.data import load
from micronas.errors import ConfigError
from micronas.model.graph import Graph
from micronas.model.tflite import read, read_bytes

Model: TypeAlias = Any
"""A path (.tflite, .keras, .h5, SavedModel), the bytes of a .tflite file, or a ``keras.Model``."""

Calibration: TypeAlias = "npt.ArrayLike | str | Path | SearchConfig | None"
"""Float samples (N, ...) prepared as for training, or a search configuration, whose training data is used."""

CALIBRATION_SAMPLES = 100

_NEED_SAMPLES = (
    "a float model is converted to int8 first, which needs samples of its data",
    "pass --data CONFIG (a search configuration); in Python, calibration= with an array or a configuration",
)


def as_graph(model: Model, calibration: Calibration = None) -> Graph:
    """The int8 network of ``model``; a float one is converted with ``calibration``.

    Raises ``ModelError``, ``QuantizeError``, or ``ConfigError`` for a float model without samples.
    """
    if isinstance(model, str | Path) and not is_float_model(Path(model)):
        return read(Path(model))
    return read_bytes(as_tflite(model, calibration), name_of(model))


def as_tflite(model: Model, calibration: Calibration = None) -> bytes:
    """The bytes of the int8 .tflite file of ``model``; see ``as_graph``."""
    if isinstance(model, bytes):
        return model
    if isinstance(model, str | Path) and not is_float_model(Path(model)):
        read(Path(model))  # for its complaints
        return Path(model).read_bytes()
    from micronas.quantize.keras_model import convert_keras

    if calibration is None:
        raise ConfigError(_NEED_SAMPLES[0], remedy=_NEED_SAMPLES[1])
    return convert_keras(model, samples_of(calibration), name=name_of(model)).tflite


def name_of(model: Model) -> str:
    """A file's name without its suffix, or the name of the Keras model."""
    return Path(model).stem if isinstance(model, str | Path) else str(getattr(model, "name", "model"))


def is_float_model(path: Path) -> bool:
    """Whether the model at ``path`` must be converted first."""
    return path.suffix in (".keras", ".h5", ".hdf5") or (path / "saved_model.pb").is_file()


def samples_of(calibration: Calibration, count: int = CALIBRATION_SAMPLES) -> npt.NDArray[Any]:
    """The calibration samples as an array; for a configuration, ``count`` samples of its training split."""
    if isinstance(calibration, str | Path):
        calibration = load_config(calibration)
    if isinstance(calibration, SearchConfig):
        return load(calibration.data).calibration(count, calibration.seed)
    return np.asarray(calibration)
