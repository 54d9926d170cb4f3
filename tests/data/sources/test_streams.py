"""Spectrograms as streams of bands, and the 1-D networks that they get."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from micronas.config import DataConfig, SpaceConfig
from micronas.data import DataKind, Dataset, FrontEnd, load
from micronas.data.front_end.bands import bands_to_channels
from micronas.data.samples import Samples
from micronas.errors import DataError
from micronas.model.net import Conv, DepthwiseConv
from micronas.space import make_space


def spectrograms() -> Samples:
    x = np.random.default_rng(0).random((6, 49, 10, 1)).astype(np.float32)
    y = np.array([0, 1] * 3)
    front = FrontEnd("log_mel", 1, {"bands": 10})
    return Samples("toy", DataKind.SPECTROGRAM, x, y, ("a", "b"), (0.0, 1.0), front)


def test_bands_become_channels_without_moving_a_byte() -> None:
    before, after = spectrograms(), bands_to_channels(spectrograms())
    assert after.kind is DataKind.STREAM
    assert after.x.shape == (6, 49, 1, 10)
    assert after.x.tobytes() == before.x.tobytes()
    assert after.front_end.parameters == {"bands": 10, "bands_as_channels": 1}


def test_blocks_of_such_a_stream_are_one_dimensional() -> None:
    space = make_space(SpaceConfig(), (49, 1, 10), 12)
    rng = np.random.default_rng(0)
    tall = 0
    for _ in range(30):
        layers = [node.layer for node in space.net(space.sample(rng)).nodes]
        windows = [layer for layer in layers if isinstance(layer, Conv | DepthwiseConv)]
        assert all(w.kernel_w == w.stride_w == 1 for w in windows)
        tall += sum(isinstance(w, DepthwiseConv) and w.kernel_h > 1 for w in windows)
    assert tall > 10


def test_the_option_is_for_spectrograms_and_says_yes_or_no(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((60, 49, 10)).astype(np.float32)
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(60) % 2)

    def loaded(**options: bool | str) -> Dataset:
        return load(DataConfig(name="npz", path=tmp_path / "a.npz", options={**options}))

    assert loaded(kind="spectrogram", bands_as_channels=True).input_shape == (49, 1, 10)
    with pytest.raises(DataError, match="is for spectrograms and audio"):
        loaded(kind="stream", bands_as_channels=True)
    with pytest.raises(DataError, match="must be true or false"):
        loaded(kind="spectrogram", bands_as_channels="yes")
