"""The collection ``keras:NAME``: image sets that Keras downloads and keeps in its own cache."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig
from micronas.data.dataset import DataKind, FrontEnd
from micronas.data.samples import Samples
from micronas.data.sources.options import refuse_unknown
from micronas.data.split import TEST, TRAIN
from micronas.errors import DataError
from micronas.host.installation import install_command

CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": (
        *("T-shirt/top", "trouser", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
    ),
    "cifar10": (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
}
"""Set -> its classes in the order of the labels, as their publishers list them."""


def load_keras_set(config: DataConfig) -> Samples:
    """``keras:mnist``, ``keras:fashion_mnist`` or ``keras:cifar10``; its own test split is the sealed one."""
    refuse_unknown(config.name, config.options, ())
    name = config.name.partition(":")[2]
    if name not in CLASSES:
        raise DataError(
            f"unknown data set {config.name!r}", remedy=f"Known: {', '.join(f'keras:{n}' for n in CLASSES)}"
        )
    (x, y), (x_test, y_test) = _downloaded(name)
    images = np.concatenate([x, x_test])
    return Samples(
        name=name,
        kind=DataKind.IMAGE,
        x=(images if images.ndim == 4 else images[..., np.newaxis]).astype(np.float32) / np.float32(255),
        y=np.concatenate([y, y_test]).reshape(-1).astype(np.int64),
        class_names=CLASSES[name],
        input_range=(0.0, 1.0),
        front_end=_front_end(images),
        part=np.repeat([TRAIN, TEST], [len(x), len(x_test)]),
        notes=(f"the test split is that of {name}",),
    )


def _downloaded(name: str) -> Any:
    try:
        module = importlib.import_module(f"keras.datasets.{name}")
    except ImportError as error:
        raise DataError(f"keras:{name} needs Keras", remedy=install_command("tensorflow")) from error
    try:
        return module.load_data()
    except Exception as error:  # Keras raises whatever its download, cache and archive raise
        raise DataError(
            f"keras:{name} is not in Keras' cache and cannot be downloaded: {error}",
            remedy="connect this machine to the internet once, or use data that come with micronas: "
            "mnist5k, digits",
        ) from error


def _front_end(images: npt.NDArray[np.generic]) -> FrontEnd:
    height, width = images.shape[1:3]
    channels = images.shape[3] if images.ndim == 4 else 1
    return FrontEnd("image", 1, {"height": height, "width": width, "channels": channels, "divide_by": 255})
