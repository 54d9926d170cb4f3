"""A picture of any common kind -> 8-bit grey or colour: orientation, depth, palette, transparency."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from micronas.errors import DataError
from micronas.host.installation import install_command

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = frozenset(
    {
        ".png",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".bmp",
        ".dib",
        ".gif",
        ".webp",
        ".tif",
        ".tiff",
        ".ppm",
        ".pgm",
        ".pbm",
    }
)
_ORIENTATION_TAG = 0x0112
_UPRIGHT = 1
_SIDEWAYS = (5, 6, 7, 8)
_DEEP = {"I;16", "I;16B", "I;16L", "I"}


@dataclass(frozen=True, eq=False)
class Picture:
    """An image of mode L or RGB, and what was done to it: words such as ``turned upright (EXIF)``."""

    image: Image
    changes: tuple[str, ...]


def require_pillow() -> None:
    """Raise ``DataError`` with the command that installs Pillow, if it is missing."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError as error:
        raise DataError("reading images needs Pillow", remedy=install_command("pillow")) from error


def is_grey(mode: str) -> bool:
    """Whether pictures of this Pillow mode become one channel."""
    return mode in {"1", "L", "LA", "La"} | _DEEP


def stored_turned(image: Image) -> bool:
    """Whether the file holds the picture lying on its side, so that height and width are exchanged."""
    return image.getexif().get(_ORIENTATION_TAG, _UPRIGHT) in _SIDEWAYS


def read_picture(path: Path) -> Picture:
    """The first frame of the file at ``path``; raises ``DataError`` with the reason if it is damaged."""
    require_pillow()
    from PIL import Image, UnidentifiedImageError

    head = path.read_bytes()[:40]
    if not head:
        raise DataError("empty file")
    if head.startswith(b"version https://git-lfs"):
        raise DataError("a Git LFS pointer")
    try:
        with Image.open(path) as image:
            image.load()
            return _eight_bits(image)
    except UnidentifiedImageError as error:
        raise DataError("not an image") from error
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(str(error).splitlines()[0] if str(error) else type(error).__name__) from error


def _eight_bits(image: Image) -> Picture:
    from PIL import ImageOps

    changes = []
    if getattr(image, "n_frames", 1) > 1:
        changes.append("first of several frames taken")
    if image.getexif().get(_ORIENTATION_TAG, _UPRIGHT) != _UPRIGHT:
        image = ImageOps.exif_transpose(image)
        changes.append("turned upright (EXIF)")
    if image.mode in _DEEP:
        image = _from_sixteen_bits(image)
        changes.append("16 bits reduced to 8")
    if image.mode == "F":
        raise DataError("floating-point pixels; convert it to 8 or 16 bits")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image, visible = _on_white(image)
        changes += ["transparency replaced by white"] if visible else []
    if image.mode == "CMYK":
        changes.append("CMYK converted to RGB")
    grey = image.mode in ("1", "L")
    return Picture(image.convert("L" if grey else "RGB"), tuple(changes))


def _from_sixteen_bits(image: Image) -> Image:
    """Grey values 0..65535 as 0..255; refuses values of more than 16 bits."""
    from PIL import Image as PillowImage

    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 0xFFFF:
        raise DataError(f"pixels from {values.min()} to {values.max()}; convert it to 8 or 16 bits")
    return PillowImage.fromarray(np.rint(values / 257).astype(np.uint8))


def _on_white(image: Image) -> tuple[Image, bool]:
    """The picture over white, and whether anything was transparent at all."""
    from PIL import Image as PillowImage

    grey = image.mode in ("LA", "La", "L", "1")
    layered = image.convert("RGBA")
    visible = np.asarray(layered)[..., 3].min() < 255
    paper = PillowImage.new("RGBA", layered.size, "white")
    return PillowImage.alpha_composite(paper, layered).convert("L" if grey else "RGB"), bool(visible)
