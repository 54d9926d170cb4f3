"""Images in class folders: ``root/<class>/*.png``.

Listings are sorted, so labels and splits are the same on every system; hidden folders and files are
ignored. All files are read before any is refused, so that one message names every bad file.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from micronas.config import DataConfig
from micronas.data.dataset import DataKind, Floats, FrontEnd
from micronas.data.npz import require_path
from micronas.data.options import read, refuse_unknown
from micronas.data.samples import Samples, name_some
from micronas.errors import DataError, plural
from micronas.host.installation import install_command

if TYPE_CHECKING:
    from PIL.Image import Image

Shape: TypeAlias = tuple[int, int, int]
"""height, width, channels"""

MAX_VALUES = 1 << 22
"""Maximum values of one image: 4 MB as int8, several times the RAM of the largest board."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm"})
GREY_MODES = frozenset({"1", "L", "LA", "I", "I;16", "F"})
"""Pillow's modes of images with one channel (not counting transparency); all others are colour."""


def load_folder(config: DataConfig) -> Samples:
    """The source ``folder``. Options: height, width, channels (1 or 3), skip_bad.

    Images of mixed size or channel count are refused unless the options give a target shape. ``skip_bad``
    leaves damaged files out, with a note, instead of refusing the set.
    """
    refuse_unknown("folder", config.options, ("height", "width", "channels", "skip_bad"))
    root = require_path(config)
    class_names = _classes(root)
    images, bad = _read_all(root, class_names)
    if bad and not read(config.options, "skip_bad", bool, False):
        raise DataError(
            f"{root}: {plural(len(bad), 'damaged file')}: {name_some(bad)}",
            remedy="repair or delete them, or set data.options.skip_bad: true to leave them out",
        )
    shape = _target_shape(config, images)
    return Samples(
        name=root.resolve().name,
        kind=DataKind.IMAGE,
        x=np.stack([_pixels(image, shape) for image in images.values()]),
        y=np.array([class_names.index(name.split("/")[0]) for name in images], np.int64),
        class_names=class_names,
        input_range=(0.0, 1.0),
        front_end=_front_end(shape),
        notes=tuple(_notes(images, bad, shape)),
    )


def _classes(root: Path) -> tuple[str, ...]:
    """Sorted names of the class folders; an error names empty ones, and hidden ones are ignored."""
    if not root.is_dir():
        raise DataError(
            f"no such folder: {root}",
            remedy="set data.path to a folder with one subfolder per class; see docs/guides/data.md",
        )
    names = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not names:
        raise DataError(
            f"{root} has no class folders", remedy="put the images of each class in a separate folder"
        )
    empty = [name for name in names if not _files(root / name)]
    if empty:
        raise DataError(
            f"{root}: class folders without images: {name_some(empty)}", remedy="fill or delete them"
        )
    return tuple(names)


def _files(folder: Path) -> list[Path]:
    files = (p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    return sorted((p for p in files if p.suffix.lower() in SUFFIXES), key=lambda p: p.name)


def _read_all(root: Path, class_names: tuple[str, ...]) -> tuple[dict[str, Image], list[str]]:
    """Decoded images by ``class/file``, and the files that could not be decoded, with the reason."""
    try:
        from PIL import Image
    except ImportError as error:
        raise DataError("reading images needs Pillow", remedy=install_command("pillow")) from error
    images, bad = {}, []
    for path in (p for name in class_names for p in _files(root / name)):
        name = f"{path.parent.name}/{path.name}"
        try:
            with Image.open(path) as image:
                image.load()
                images[name] = image.copy()
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            bad.append(f"{name} ({_why(path, error)})")
    return images, bad


def _why(path: Path, error: Exception) -> str:
    head = path.read_bytes()[:40]
    if not head:
        return "empty file"
    if head.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer"
    return "not an image" if "cannot identify" in str(error) else str(error)


def _shape_of(image: Image) -> Shape:
    return image.height, image.width, 1 if image.mode in GREY_MODES else 3


def _target_shape(config: DataConfig, images: dict[str, Image]) -> Shape:
    """The shape from the options; dimensions that they omit must be the same in all images.

    Shapes too large for every board, such as photographs, are refused before allocation.
    """
    asked = [read(config.options, key, int, 0) for key in ("height", "width", "channels")]
    if asked[2] not in (0, 1, 3) or asked[0] < 0 or asked[1] < 0 or (asked[0] > 0) != (asked[1] > 0):
        raise DataError("data options: give both height and width (in pixels), and channels as 1 or 3")
    if not images:
        raise DataError("no readable images")
    found = Counter(_shape_of(image) for image in images.values())
    sizes = {shape[:2] for shape in found}
    if (len(sizes) > 1 and not asked[0]) or (len({s[2] for s in found}) > 1 and not asked[2]):
        mix = [f"{n} of {h} x {w} x {c}" for (h, w, c), n in found.most_common()]
        raise DataError(
            f"images of mixed size or channel count: {name_some(mix)} (height x width x channels)",
            remedy="set data.options.height, width and channels to the target shape",
        )
    height, width, channels = next(iter(found))
    shape = asked[0] or height, asked[1] or width, asked[2] or channels
    if math.prod(shape) > MAX_VALUES:
        raise DataError(
            f"images of {shape[0]} x {shape[1]} x {shape[2]} values are too large as an input of any "
            f"microcontroller (limit: {MAX_VALUES:,})",
            remedy="set data.options.height and width to the input size of the network",
        )
    return shape


def _pixels(image: Image, shape: Shape) -> Floats:
    from PIL import Image as PillowImage

    height, width, channels = shape
    if image.mode in ("I", "I;16", "F"):
        raise DataError(
            f"images of mode {image.mode} (more than 8 bits) are not supported", remedy="convert to 8 bits"
        )
    image = image.convert("L" if channels == 1 else "RGB")
    if (image.height, image.width) != (height, width):
        image = image.resize((width, height), PillowImage.Resampling.BILINEAR)
    return (np.asarray(image, np.float32) / 255).reshape(shape)


def _front_end(shape: Shape) -> FrontEnd:
    height, width, channels = shape
    parameters: dict[str, float | int | str] = {"height": height, "width": width, "channels": channels}
    return FrontEnd("image", 1, {**parameters, "resize": "bilinear", "divide_by": 255})


def _notes(images: dict[str, Image], bad: list[str], shape: Shape) -> Iterator[str]:
    if bad:
        yield f"{plural(len(bad), 'damaged file')} left out: {name_some(bad)}"
    resized = sum(_shape_of(image)[:2] != shape[:2] for image in images.values())
    if resized:
        yield f"{plural(resized, 'image')} resized to {shape[0]} x {shape[1]}, bilinear"
    recoloured = sum(_shape_of(image)[2] != shape[2] for image in images.values())
    if recoloured:
        yield f"{plural(recoloured, 'image')} converted to {plural(shape[2], 'channel')}"
