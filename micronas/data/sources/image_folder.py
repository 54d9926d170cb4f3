"""The source ``image_folder``: pictures in class folders, ``root/CLASS/*.png``.

All files are read before any is refused, so that one message names every bad file. A picture is reduced to
the target shape as soon as it is read, so the memory needed is that of the inputs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig
from micronas.data.anomalies import against_normal
from micronas.data.dataset import DataKind, Floats, FrontEnd
from micronas.data.samples import RawReader, Samples, name_some
from micronas.data.sources.class_folders import ClassFile, ClassFiles, class_files, none_readable
from micronas.data.sources.image_file import SUFFIXES, read_picture
from micronas.data.sources.membership import groups_by_pattern
from micronas.data.sources.options import read, refuse_unknown
from micronas.errors import DataError, plural

if TYPE_CHECKING:
    from PIL.Image import Image

Shape: TypeAlias = tuple[int, int, int]
"""height, width, channels"""

MAX_VALUES = 1 << 22
"""Maximum values of one image: 4 MB as int8, several times the RAM of the largest board."""

OPTIONS = ("height", "width", "channels", "skip_bad", "classes", "groups", "normal")


@dataclass(frozen=True, eq=False)
class _Pictures:
    """What was read: files, their inputs, their shapes before any change, bad files, changes by kind."""

    files: list[ClassFile]
    pixels: list[Floats]
    shapes: list[Shape]
    bad: list[str]
    changes: Counter[str]


def load_image_folder(config: DataConfig) -> Samples:
    """Options: height, width, channels (1 or 3), skip_bad, classes, groups (a pattern), normal.

    Images of mixed size or channel count are refused unless the options give a target shape. ``skip_bad``
    leaves damaged files out, with a note, instead of refusing the set.
    """
    refuse_unknown(config.name, config.options, OPTIONS)
    asked = _asked(config)
    listing = class_files(config, SUFFIXES, "images")
    found = _read_all(listing, asked)
    if not found.files:
        raise none_readable(listing.root, "images", found.bad)
    if found.bad and not read(config.options, "skip_bad", bool, False):
        raise DataError(
            f"{listing.root}: {plural(len(found.bad), 'damaged file')}: {name_some(found.bad)}",
            remedy="repair or remove them, or set data.options.skip_bad: true to skip them",
            settings=("data.options.skip_bad=true",),
        )
    shape = _target_shape(asked, found.shapes)
    names = [file.name for file in found.files]
    pattern = read(config.options, "groups", str, "")
    samples = Samples(
        name=listing.root.resolve().name,
        kind=DataKind.IMAGE,
        x=np.stack(found.pixels),
        y=listing.labels(found.files),
        class_names=listing.class_names,
        input_range=(0.0, 1.0),
        front_end=_front_end(shape),
        groups=groups_by_pattern(names, pattern) if pattern else None,
        part=listing.parts(found.files),
        origins=tuple(names),
        damaged=tuple(found.bad),
        files=tuple(file.path for file in found.files),
        raw=_raw_pictures(found.files),
        notes=(*listing.notes, *_notes(found, shape)),
    )
    normal = read(config.options, "normal", str, "")
    return against_normal(samples, normal) if normal else samples


def pixels(image: Image, shape: Shape) -> Floats:
    """float32 ``shape`` in 0..1 of an 8-bit image, resized bilinearly if its size differs."""
    from PIL import Image as PillowImage

    height, width, channels = shape
    image = image.convert("L" if channels == 1 else "RGB")
    if (image.height, image.width) != (height, width):
        image = image.resize((width, height), PillowImage.Resampling.BILINEAR)
    return (np.asarray(image, np.float32) / 255).reshape(shape)


def _raw_pictures(files: list[ClassFile]) -> RawReader:
    """Reads picture i, uint8 (height, width, 1 or 3), from its file again: upright, and of its own size."""

    def read_pixels(number: int) -> npt.NDArray[np.generic]:
        values = np.asarray(read_picture(files[number].path).image)
        return values if values.ndim == 3 else values[..., np.newaxis]

    return read_pixels


def _asked(config: DataConfig) -> Shape:
    """The shape that the options give, 0 where they leave it to the images."""
    height, width, channels = (read(config.options, key, int, 0) for key in ("height", "width", "channels"))
    if channels not in (0, 1, 3) or height < 0 or width < 0 or (height > 0) != (width > 0):
        raise DataError("data options: give both height and width (in pixels), and channels as 1 or 3")
    _refuse_large((height, width, channels or 3))
    return height, width, channels


def _refuse_large(shape: Shape) -> None:
    if math.prod(shape) > MAX_VALUES:
        raise DataError(
            f"images of {shape[0]} x {shape[1]} x {shape[2]} values are too large as an input of any "
            f"microcontroller (limit: {MAX_VALUES:,})",
            remedy="set data.options.height and width to the input size of the network",
            settings=("data.options.height", "data.options.width"),
        )


def _read_all(listing: ClassFiles, asked: Shape) -> _Pictures:
    found = _Pictures([], [], [], [], Counter())
    for file in listing.files:
        try:
            picture = read_picture(file.path)
        except DataError as error:
            if error.remedy:  # Pillow is missing
                raise
            found.bad.append(f"{file.name} ({error.message})")
            continue
        image = picture.image
        own = image.height, image.width, 1 if image.mode == "L" else 3
        target = asked[0] or own[0], asked[1] or own[1], asked[2] or own[2]
        _refuse_large(target)
        found.files.append(file)
        found.shapes.append(own)
        found.pixels.append(pixels(image, target))
        found.changes.update(picture.changes)
    return found


def _target_shape(asked: Shape, shapes: list[Shape]) -> Shape:
    """The shape from the options; dimensions that they omit must be the same in all images."""
    found = Counter(shapes)
    sizes = {shape[:2] for shape in found}
    if (len(sizes) > 1 and not asked[0]) or (len({s[2] for s in found}) > 1 and not asked[2]):
        mix = [f"{n} of {h} x {w} x {c}" for (h, w, c), n in found.most_common()]
        raise DataError(
            f"images of mixed size or channel count: {name_some(mix)} (height x width x channels)",
            remedy="set data.options.height, width and channels to the target shape",
            settings=("data.options.height", "data.options.width", "data.options.channels"),
        )
    height, width, channels = next(iter(found))
    return asked[0] or height, asked[1] or width, asked[2] or channels


def _front_end(shape: Shape) -> FrontEnd:
    height, width, channels = shape
    return FrontEnd(
        "image",
        1,
        {"height": height, "width": width, "channels": channels, "resize": "bilinear", "divide_by": 255},
    )


def _notes(found: _Pictures, shape: Shape) -> Iterator[str]:
    if found.bad:
        yield f"{plural(len(found.bad), 'damaged file')} skipped: {name_some(found.bad)}"
    for change, count in sorted(found.changes.items()):
        yield f"{plural(count, 'image')}: {change}"
    resized = sum(own[:2] != shape[:2] for own in found.shapes)
    if resized:
        yield f"{plural(resized, 'image')} resized to {shape[0]} x {shape[1]}, bilinear"
    enlarged = sum(own[0] < shape[0] or own[1] < shape[1] for own in found.shapes)
    if enlarged:
        yield f"{plural(enlarged, 'image')} enlarged by that: a device only shrinks, and refuses them"
    recoloured = sum(own[2] != shape[2] for own in found.shapes)
    if recoloured:
        yield f"{plural(recoloured, 'image')} converted to {plural(shape[2], 'channel')}"
