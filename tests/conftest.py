"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from micronas.model.net import Activation, Dense, NetBuilder, shape_graph
from micronas.model.tflite.writer import write
from micronas.space.reference import REFERENCE_NETS, reference_net
from micronas.space.reference.random_weights import random_weights
from tests.support.paths import REPOSITORY

SHARED = REPOSITORY.parent / "shared"

# Drawn cases are the same in every run; HYPOTHESIS_PROFILE=random draws others, to look for faults.
settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.register_profile("random", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# A shell starts background jobs with Ctrl-C ignored, and what the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """Folder of published int8 networks beside the repository; skips where it is absent."""
    folder = SHARED / "models"
    if not folder.is_dir():
        pytest.skip(
            "../shared/models is not here: the published reference networks are not in this repository"
        )
    return folder


@pytest.fixture(scope="session")
def shared_inputs() -> Path:
    """Folder of small files that once failed, beside the repository; skips where it is absent."""
    folder = SHARED / "inputs" / "models"
    if not folder.is_dir():
        pytest.skip("../shared/inputs is not here: the files of past failures are not in this repository")
    return folder


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Int8 networks with made-up weights: MLPerf Tiny's four, and ``tiny`` of three dense layers."""
    folder = tmp_path_factory.mktemp("networks")
    hidden = Dense(16, Activation.RELU)
    nets = {"tiny": NetBuilder((1,)).chain(hidden, hidden, Dense(1)).build()}
    nets |= {name: reference_net(name) for name in REFERENCE_NETS if name.startswith("mlperf_tiny_")}
    for name, net in nets.items():
        (folder / f"{name}.tflite").write_bytes(write(random_weights(shape_graph(net), seed=0)))
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of prepared data sets: that of ``MICRONAS_DATA``, else beside the repository; skips without."""
    folder = Path(os.environ.get("MICRONAS_DATA", SHARED / "data"))
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here: the prepared data sets are not in this repository")
    os.environ["MICRONAS_DATA"] = str(folder)  # configurations of benchmarks/configs/ name it
    return folder


@pytest.fixture(scope="session")
def firmware_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Object cache that all firmware builds of a test run share, those of parallel test processes too."""
    base = tmp_path_factory.getbasetemp()
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = run / "firmware-cache"
    folder.mkdir(exist_ok=True)
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, then those with an emulator: no core waits for the other at the end."""
    weights: dict[Path, int] = {}
    for item in items:
        weight = 2 if item.get_closest_marker("slow") else 1 if item.get_closest_marker("emulator") else 0
        weights[item.path] = max(weight, weights.get(item.path, 0))
    items.sort(key=lambda item: -weights[item.path])
