"""Samples as pictures: images as they are, spectrograms with time to the right, streams as curves."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import DataKind, Floats
from micronas.data.samples import Samples
from micronas.errors import DataError
from micronas.host.installation import install_command

Pixels = npt.NDArray[np.uint8]

PER_CLASS = 8
TILE = 96
"""Height and width in pixels of a sample on the contact sheet."""
_GAP, _LABEL = 4, 14
_CURVES = ((31, 119, 180), (214, 39, 40), (44, 160, 44), (148, 103, 189), (255, 127, 14), (23, 190, 207))


def chosen_samples(samples: Samples, per_class: int = PER_CLASS) -> list[list[int]]:
    """Up to ``per_class`` samples of each class, evenly taken."""
    rows = []
    for label in range(len(samples.class_names)):
        members = np.flatnonzero(samples.y == label)
        at = np.linspace(0, len(members) - 1, min(per_class, len(members))).round().astype(int)
        rows.append(members[at].tolist())
    return rows


def contact_sheet(samples: Samples) -> bytes:
    """A PNG with one row per class, its name above."""
    image_module, draw_module = _pillow()
    rows = chosen_samples(samples)
    height = len(rows) * (TILE + _LABEL + _GAP) + _GAP
    sheet = image_module.new("RGB", (PER_CLASS * (TILE + _GAP) + _GAP, height), "white")
    draw = draw_module.Draw(sheet)
    for row, (name, members) in enumerate(zip(samples.class_names, rows, strict=True)):
        top = _GAP + row * (TILE + _LABEL + _GAP)
        draw.text((_GAP, top), name, fill="black")
        for column, index in enumerate(members):
            tile = image_module.fromarray(tile_of(samples, index))
            sheet.paste(tile, (_GAP + column * (TILE + _GAP), top + _LABEL))
    return _png(sheet)


def picture_of(samples: Samples, index: int) -> bytes:
    """One sample as a PNG."""
    image_module, _ = _pillow()
    return _png(image_module.fromarray(tile_of(samples, index)))


def tile_of(samples: Samples, index: int) -> Pixels:
    """uint8 (TILE, TILE, 3) of a sample."""
    x = samples.x[index]
    if samples.kind is DataKind.IMAGE:
        return _scaled(_image(x))
    if samples.kind is DataKind.SPECTROGRAM:
        return _scaled(_heat(x[..., 0].T[::-1]))
    if x.shape[2] > len(_CURVES):
        return _scaled(_heat(x[:, 0, :].T[::-1]))
    return _curves(x[:, 0, :])


def _image(x: Floats) -> Pixels:
    span = float(x.max() - x.min()) if x.min() < 0 or x.max() > 1 else 1.0
    low = float(x.min()) if span != 1.0 else 0.0
    grey: Pixels = np.rint(255 * np.clip((x - low) / max(span, 1e-9), 0, 1)).astype(np.uint8)
    return grey if grey.shape[2] == 3 else np.asarray(np.repeat(grey, 3, axis=2), np.uint8)


def _heat(values: Floats) -> Pixels:
    """Dark blue for the lowest value, yellow for the highest."""
    share = (values - values.min()) / max(float(np.ptp(values)), 1e-9)
    stops = np.array([[20, 11, 52], [132, 32, 107], [229, 92, 48], [246, 215, 70]], np.float64)
    place = share * (len(stops) - 1)
    channels = [np.interp(place, np.arange(len(stops)), stops[:, c]) for c in range(3)]
    return np.asarray(np.rint(np.stack(channels, axis=-1)), np.uint8)


def _curves(x: Floats) -> Pixels:
    """Channels (time, channels) over time, all on one scale."""
    image_module, draw_module = _pillow()
    picture = image_module.new("RGB", (TILE, TILE), (245, 245, 245))
    draw = draw_module.Draw(picture)
    low, high = float(x.min()), float(x.max())
    across = np.linspace(2, TILE - 3, len(x))
    for channel in range(x.shape[1]):
        down = TILE - 4 - (TILE - 8) * (x[:, channel] - low) / max(high - low, 1e-9)
        points = list(zip(across.tolist(), down.tolist(), strict=True))
        draw.line(points, fill=_CURVES[channel], width=1)
    return np.asarray(picture, np.uint8)


def _scaled(pixels: Pixels) -> Pixels:
    """To TILE x TILE by whole pixels, so that small images stay sharp; the sides' ratio is kept."""
    height, width = pixels.shape[:2]
    scale = TILE / max(height, width)
    rows = np.minimum((np.arange(max(1, round(height * scale))) / scale).astype(int), height - 1)
    columns = np.minimum((np.arange(max(1, round(width * scale))) / scale).astype(int), width - 1)
    tile = np.full((TILE, TILE, 3), 245, np.uint8)
    tile[: len(rows), : len(columns)] = pixels[rows][:, columns]
    return tile


def _png(image: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _pillow() -> tuple[Any, Any]:
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise DataError("drawing samples needs Pillow", remedy=install_command("pillow")) from error
    return Image, ImageDraw
