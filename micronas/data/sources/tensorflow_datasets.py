"""The collection ``tfds:NAME``: labelled images of TensorFlow Datasets, an optional package."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from micronas.config import DataConfig
from micronas.data.dataset import DataKind, FrontEnd
from micronas.data.samples import Samples
from micronas.data.sources.image_folder import pixels
from micronas.data.sources.npz import require_path
from micronas.data.sources.options import read, refuse_unknown
from micronas.data.split import TEST, TRAIN, VALIDATION
from micronas.errors import DataError
from micronas.host.installation import install_command

PARTS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}


def load_tfds(config: DataConfig) -> Samples:
    """``tfds:NAME`` with its own splits. Options: height, width and channels of the inputs, which it needs.

    ``path`` is the folder of the collection if it is not the default one.
    """
    refuse_unknown(config.name, config.options, ("height", "width", "channels"))
    shape = (
        read(config.options, "height", int, 0),
        read(config.options, "width", int, 0),
        read(config.options, "channels", int, 3),
    )
    if shape[0] < 1 or shape[1] < 1 or shape[2] not in (1, 3):
        raise DataError(
            f"{config.name} needs data.options.height and width (in pixels), and channels as 1 or 3",
            remedy="set them to the target shape",
            settings=("data.options.height", "data.options.width", "data.options.channels"),
        )
    images, labels, parts, names = _read(config, shape)
    height, width, channels = shape
    return Samples(
        name=config.name.partition(":")[2],
        kind=DataKind.IMAGE,
        x=np.stack(images),
        y=np.array(labels, np.int64),
        class_names=names,
        input_range=(0.0, 1.0),
        front_end=FrontEnd(
            "image",
            1,
            {"height": height, "width": width, "channels": channels, "resize": "bilinear", "divide_by": 255},
        ),
        part=np.array(parts, np.int64) if set(parts) != {TRAIN} else None,
    )


def _read(
    config: DataConfig, shape: tuple[int, int, int]
) -> tuple[list[Any], list[int], list[int], tuple[str, ...]]:
    from PIL import Image

    tfds = _package()
    name = config.name.partition(":")[2]
    try:
        splits, info = tfds.load(
            name,
            data_dir=str(require_path(config)) if config.path else None,
            as_supervised=True,
            with_info=True,
        )
        names = tuple(info.features["label"].names)
    except Exception as error:  # the package raises whatever its download and its builders raise
        raise DataError(
            f"{config.name} cannot be read: {str(error).strip().splitlines()[0]}",
            remedy="name a set of labelled images, and connect to the internet for its first use",
        ) from error
    images, labels, parts = [], [], []
    for split in sorted(set(splits) & set(PARTS)):
        for image, label in tfds.as_numpy(splits[split]):
            values = np.asarray(image, np.uint8)
            images.append(pixels(Image.fromarray(values[..., 0] if values.shape[-1] == 1 else values), shape))
            labels.append(int(label))
            parts.append(PARTS[split])
    if not images:
        raise DataError(f"{config.name} has no split called {', '.join(PARTS)}")
    return images, labels, parts, names


def _package() -> Any:
    try:
        return importlib.import_module("tensorflow_datasets")
    except ImportError as error:
        raise DataError(
            "tfds: needs the package tensorflow-datasets, which is optional",
            remedy=install_command("tensorflow-datasets"),
        ) from error
