"""A size for a folder of pictures, from their headers: what most of them have at least."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from micronas.data.sources.image_file import is_grey, require_pillow, stored_turned
from micronas.errors import DataError

_SIDE = 96
"""Largest proposed height and width: a network on a microcontroller seldom takes more."""


def common_shape(files: Sequence[Path]) -> tuple[int, int, int]:
    """Height, width and channels to read pictures at: nine of ten are as large, or 96 pixels.

    One tiny or damaged picture does not decide: a device shrinks pictures and does not enlarge them.
    Raises ``DataError`` if none of ``files`` is a picture.
    """
    require_pillow()
    headers = [header for path in files if (header := _header(path)) is not None]
    if not headers:
        raise DataError(
            f"none of {len(files):,} files can be read as an image: {files[0]} and others",
            remedy="replace them: PNG, JPEG, WebP, TIFF, BMP and GIF are read",
        )
    tenth = len(headers) // 10
    height, width = (min(_SIDE, sorted(sides)[tenth]) for sides in list(zip(*headers, strict=True))[:2])
    grey = sum(header[2] for header in headers)
    return height, width, 1 if 2 * grey > len(headers) else 3


def _header(path: Path) -> tuple[int, int, bool] | None:
    """Height, width and whether it is grey, without reading the pixels; None if it is no picture."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            width, height = reversed(image.size) if stored_turned(image) else image.size
            return height, width, is_grey(image.mode)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return None
