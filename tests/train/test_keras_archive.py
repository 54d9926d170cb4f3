"""A .keras file that is written without Keras is the model that Keras builds and saves."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micronas.config import SpaceConfig
from micronas.model.net import Net
from micronas.space import make_space
from micronas.train.keras_archive import write_keras
from micronas.train.weights import initial_weights
from tests.support.every_layer import every_layer

keras = pytest.importorskip("keras", reason="Keras is not installed (extra: search)")

SHAPES = {"layerwise": (17, 9, 2), "cell": (16, 16, 3), "autoencoder": (40,)}


def sampled(space_name: str, seed: int) -> Net:
    space = make_space(SpaceConfig(name=space_name), SHAPES[space_name], 4)
    return space.net(space.sample(np.random.default_rng(seed)))


NETS = {"every layer": every_layer, **{name: functools.partial(sampled, name, 1) for name in SHAPES}}


def comparable(model: Any) -> Any:
    """The configuration without the model's name and the numbers by which Keras finds shared objects."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: clean(one) for key, one in value.items() if key != "shared_object_id"}
        return [clean(one) for one in value] if isinstance(value, list | tuple) else value

    config = clean(json.loads(model.to_json())["config"])
    del config["name"]
    return {**config, "layers": sorted(config["layers"], key=lambda layer: layer["name"])}


@pytest.mark.parametrize("name", NETS)
def test_keras_loads_the_model_that_it_would_build_itself(name: str, tmp_path: Path) -> None:
    from micronas.train.keras_backend import get_weights, keras_model

    net = NETS[name]()
    rng = np.random.default_rng(0)
    built = keras_model(net, probabilities=True)
    built.set_weights([rng.uniform(0.5, 1.5, array.shape) for array in built.get_weights()])
    write_keras(net, get_weights(built, net), tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert comparable(loaded) == comparable(built)
    for ours, theirs in zip(loaded.get_weights(), built.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
    x = rng.standard_normal((2, *net.input_shape)).astype(np.float32)
    assert np.array_equal(loaded(x, training=False), built(x, training=False))


def test_the_weights_are_where_keras_puts_them(tmp_path: Path) -> None:
    import h5py

    from micronas.train.keras_backend import keras_model

    net = every_layer()
    write_keras(net, initial_weights(net, 0), tmp_path / "ours.keras")
    keras_model(net, probabilities=True).save(tmp_path / "theirs.keras")
    found = []
    for name in ("ours", "theirs"):
        with zipfile.ZipFile(tmp_path / f"{name}.keras") as file, file.open("model.weights.h5") as stream:
            places: dict[str, Any] = {}
            with h5py.File(stream) as weights:
                weights.visititems(
                    lambda path, one, places=places: places.update({path: one.attrs.get("name")})
                )
            del places["vars"]
            found.append(places)
    assert found[0] == found[1]


def test_writing_imports_neither_keras_nor_tensorflow(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from micronas.train.keras_archive import write_keras
from micronas.train.weights import initial_weights
from tests.support.every_layer import every_layer
net = every_layer()
write_keras(net, initial_weights(net, 0), Path(sys.argv[1]))
assert not {"keras", "tensorflow"} & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "model.keras"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
