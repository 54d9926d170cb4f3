"""Pictures of samples: what is drawn where, and a page that needs nothing else."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.data import DataKind, FrontEnd, Samples
from micronas.data.load import load_split, sealed
from micronas.data.survey import figures_of, findings_of
from micronas.data.survey.page import render_page
from micronas.data.survey.pictures import TILE, chosen_samples, contact_sheet, tile_of
from tests.support.recordings import write_words

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


def samples(x: np.ndarray, kind: DataKind) -> Samples:  # type: ignore[type-arg]
    y = np.arange(len(x)) % 2
    return Samples("toy", kind, x.astype(np.float32), y, ("a", "b"), None, FrontEnd("none", 1))


def test_an_image_is_shown_as_it_is() -> None:
    x = np.zeros((2, 4, 4, 1))
    x[0, 0, 3] = 1  # top right
    tile = tile_of(samples(x, DataKind.IMAGE), 0)
    assert tile.shape == (TILE, TILE, 3)
    assert (tile[: TILE // 4, -TILE // 4 :] == 255).all()
    assert (tile[TILE // 2 :, : TILE // 2] == 0).all()


def test_a_spectrogram_has_time_to_the_right_and_low_bands_below() -> None:
    x = np.zeros((2, 8, 4, 1))
    x[0, -1, 0] = 1  # last moment, lowest band
    tile = tile_of(samples(x, DataKind.SPECTROGRAM), 0).astype(int).sum(axis=2)
    height = TILE // 2
    bright = np.argwhere(tile[:height] == tile[:height].max())
    assert bright[:, 0].min() >= height * 3 // 4 - 1
    assert bright[:, 1].min() >= TILE * 7 // 8 - 1


def test_a_stream_is_drawn_as_curves() -> None:
    t = np.linspace(0, 1, 32)
    x = np.stack([t, 1 - t], axis=-1)[None, :, None, :].repeat(2, axis=0)
    tile = tile_of(samples(x, DataKind.STREAM), 0)
    rising = np.argwhere((tile == (31, 119, 180)).all(axis=2))
    assert rising[rising[:, 1].argmin(), 0] > rising[rising[:, 1].argmax(), 0]


def test_the_sheet_has_a_row_per_class() -> None:
    many = samples(np.random.default_rng(0).random((40, 4, 4, 1)), DataKind.IMAGE)
    assert [len(row) for row in chosen_samples(many)] == [8, 8]
    sheet = Image.open(io.BytesIO(contact_sheet(many)))
    assert sheet.size[0] > 8 * TILE
    assert sheet.size[1] > 2 * TILE


def test_the_page_is_self_contained_and_plays_the_recordings(tmp_path: Path) -> None:
    pytest.importorskip("soundfile")
    config = DataConfig(name="audio_folder", path=write_words(tmp_path), options={"clip_s": 0.5})
    found = load_split(config)
    dataset = sealed(found, config)
    page = render_page(found, figures_of(found, dataset), findings_of(found, dataset))
    assert page.count("<audio") == 16
    assert page.count("data:image/png;base64,") == 16
    assert "high/amy0_0.wav" in page
    assert 'src="http' not in page
    assert dataset.digest in page
