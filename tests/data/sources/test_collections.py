"""Collections of other packages: ``keras:NAME`` and ``tfds:NAME``, by stand-ins that download nothing."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.data import load
from micronas.errors import DataError


def images(count: int, *shape: int) -> Any:
    return np.random.default_rng(count).integers(0, 256, (count, *shape)).astype(np.uint8)


def keras_module(monkeypatch: pytest.MonkeyPatch, name: str, load_data: Any) -> None:
    module = ModuleType(f"keras.datasets.{name}")
    module.load_data = load_data  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, f"keras.datasets.{name}", module)
    for parent in ("keras", "keras.datasets"):
        monkeypatch.setitem(sys.modules, parent, ModuleType(parent))


def test_a_keras_set_keeps_its_test_split(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = images(100, 32, 32, 3), images(20, 32, 32, 3)
    labels = (np.arange(100) % 10)[:, np.newaxis], (np.arange(20) % 10)[:, np.newaxis]
    keras_module(monkeypatch, "cifar10", lambda: ((train, labels[0]), (test, labels[1])))
    data = load(DataConfig(name="keras:cifar10"))
    assert data.input_shape == (32, 32, 3)
    assert data.class_names[6] == "frog"
    assert len(data.train) + len(data.validation) == 100
    sealed = data.test.unseal("to compare with the published split")
    assert np.array_equal(np.rint(sealed.x * 255), test)
    assert sealed.y.tolist() == labels[1].ravel().tolist()


def test_no_connection_is_one_plain_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network() -> None:
        raise Exception("URL fetch failure on https://example.org/mnist.npz: None -- no route to host")

    keras_module(monkeypatch, "mnist", no_network)
    with pytest.raises(
        DataError,
        match=r"cannot be downloaded: URL fetch failure[^\n]*\n  connect this machine to the internet once",
    ):
        load(DataConfig(name="keras:mnist"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("keras:imagenet", "unknown data set 'keras:imagenet'"),
        ("tfds:beans", "tfds:beans needs data.options.height and width"),
    ],
)
def test_unknown_names_and_missing_sizes_are_refused(name: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        load(DataConfig(name=name))


def test_tfds_without_its_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(DataError, match=r"is optional\n.*pip install tensorflow-datasets"):
        load(DataConfig(name="tfds:beans", options={"height": 8, "width": 8}))


def test_tfds_images_are_resized_and_keep_their_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    splits = {
        name: [(image, i % 2) for i, image in enumerate(images(count, 10, 12, 3))]
        for name, count in (("train", 20), ("validation", 6), ("test", 8), ("extra", 5))
    }
    info = SimpleNamespace(features={"label": SimpleNamespace(names=["good", "bad"])})
    package = ModuleType("tensorflow_datasets")
    package.load = lambda *_args, **_options: (splits, info)  # type: ignore[attr-defined]
    package.as_numpy = iter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", package)
    data = load(DataConfig(name="tfds:beans", options={"height": 5, "width": 6}))
    assert data.input_shape == (5, 6, 3)
    assert data.class_names == ("good", "bad")
    assert (len(data.train), len(data.validation), len(data.test)) == (20, 6, 8)
