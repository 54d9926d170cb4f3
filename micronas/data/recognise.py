"""From a path to the configuration of its data: which source reads it, and by which names."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig
from micronas.data.npz_file import read_arrays
from micronas.data.presets import PRESETS
from micronas.errors import DataError

_SIDE = 96
"""Largest height and width that a folder of images is read at unless the user says otherwise."""

_IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
_INPUTS = ("x", "inputs", "images", "windows", "data", "features")
_LABELS = ("y", "labels", "label", "targets", "target")
_CLASSES = ("classes", "class_names", "names", "label_names")
_GROUPS = ("groups", "group", "speaker", "person", "subject", "recording", "user")
Arrays = Mapping[str, npt.NDArray[np.generic]]


class Kind(Enum):
    """What a user has: the choices of ``micronas init --task``."""

    IMAGES = "images"
    AUDIO = "audio"
    SENSOR = "sensor"
    ANOMALY = "anomaly"


_BUILT_IN = {Kind.IMAGES: "mnist5k", Kind.ANOMALY: "vibration"}
_NPZ_KINDS = {Kind.IMAGES: "image", Kind.AUDIO: "spectrogram", Kind.SENSOR: "stream", Kind.ANOMALY: "stream"}


def built_in(kind: Kind) -> DataConfig:
    """Data that come with micronas; raises ``DataError`` for kinds of which there are none."""
    if kind not in _BUILT_IN:
        raise DataError(
            f"no {kind.value} data come with micronas",
            remedy="give yours: --data FILE.npz with arrays x (samples, time, channels) and y (classes)",
        )
    return DataConfig(name=_BUILT_IN[kind])


def recognise(path: Path, kind: Kind | None = None) -> DataConfig:
    """How to read ``path``: a folder per class of images, a known ``.npz``, or any ``.npz``.

    Without ``kind`` the shape of the inputs decides. Raises ``DataError`` for anything else.
    """
    if path.is_dir():
        return _folder(path)
    if path.suffix == ".npz":
        return _preset(path) or _npz(path, kind)
    if not path.exists():
        raise DataError(f"no such data: {path}", remedy="name a folder of images or an .npz file")
    raise DataError(
        f"{path}: only folders of images and .npz files are recognised",
        remedy="numpy.savez(FILE, x=inputs, y=class_numbers) makes one",
    )


def _folder(path: Path) -> DataConfig:
    first = next((p for p in sorted(path.glob("*/*")) if p.suffix.lower() in _IMAGES), None)
    if first is None:
        raise DataError(
            f"{path} has no folders of images", remedy="put the images of each class into a folder of its own"
        )
    from PIL import Image

    with Image.open(first) as image:
        height, width = (min(_SIDE, side) for side in (image.height, image.width))
        channels = 1 if image.mode in ("1", "L", "I;16") else 3
    options: dict[str, bool | int | str] = {"height": height, "width": width, "channels": channels}
    return DataConfig(name="folder", path=path, options=options)


def _preset(path: Path) -> DataConfig | None:
    name = next((name for name, preset in PRESETS.items() if preset.file == path.name), None)
    return DataConfig(name=name, path=path) if name else None


def _npz(path: Path, kind: Kind | None) -> DataConfig:
    arrays = read_arrays(path)
    x = _first(arrays, _INPUTS) or _largest(arrays)
    y = _first(arrays, _LABELS)
    if x is None or y is None:
        raise DataError(
            f"{path}: inputs or labels not found among {', '.join(arrays) or 'no arrays'}",
            remedy="name the arrays x and y, or set data.options.x and data.options.y yourself",
        )
    found = {"x": x, "y": y, "classes": _first(arrays, _CLASSES), "groups": _first(arrays, _GROUPS)}
    options: dict[str, bool | int | str] = {"kind": _NPZ_KINDS[kind] if kind else _kind_by_shape(arrays[x])}
    options |= {key: name for key, name in found.items() if name is not None and (name != key or key in "xy")}
    options |= {key: key for key, name in found.items() if name == key and key not in "xy"}
    if kind is Kind.ANOMALY:
        options["normal"] = _normal(arrays, found["classes"])
    return DataConfig(name="npz", path=path, options=options)


def _first(arrays: Arrays, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in arrays), None)


def _largest(arrays: Arrays) -> str | None:
    candidates = [name for name, values in arrays.items() if values.ndim >= 2]
    return max(candidates, key=lambda name: arrays[name].size, default=None)


def _kind_by_shape(x: npt.NDArray[np.generic]) -> str:
    """Bytes in planes are images; three axes of anything else are channels over time."""
    return "image" if x.ndim == 4 or x.dtype == np.uint8 else "stream"


def _normal(arrays: Arrays, classes: str | None) -> str:
    """The first class, which the user is asked to look at."""
    return str(arrays[classes][0]) if classes else "0"
