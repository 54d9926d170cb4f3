"""Which processes see a GPU, and how they take its memory; with a stand-in for TensorFlow, no GPU needed."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from micronas.config import parse_config
from micronas.errors import MachineError
from micronas.train import tf_logging
from micronas.train.process import has_gpu_share, prepare_process


class Devices:
    """``tf.config`` of a machine with ``gpus``; notes what is set."""

    def __init__(self, gpus: int) -> None:
        self.gpus = [f"GPU:{n}" for n in range(gpus)]
        self.visible: list[str] | None = None
        self.growing: list[str] = []
        self.experimental = SimpleNamespace(set_memory_growth=self.set_memory_growth)

    def list_physical_devices(self, kind: str) -> list[str]:
        assert kind == "GPU"
        return self.gpus

    def set_visible_devices(self, devices: list[str], kind: str) -> None:
        assert kind == "GPU"
        self.visible = devices

    def set_memory_growth(self, gpu: str, grows: bool) -> None:
        if grows:
            self.growing.append(gpu)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, request: Any) -> Devices:
    """TensorFlow as it is when it is first imported; the environment is restored afterwards."""
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.setenv(name, "1")
    devices = Devices(request.param)
    module: Any = ModuleType("tensorflow")
    module.config = devices
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)

    class Loader:
        def create_module(self, spec: ModuleSpec) -> Any:
            return module

        def exec_module(self, loaded: ModuleType) -> None:
            """Nothing to run."""

    class Finder:
        def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
            return ModuleSpec(name, Loader()) if name == "tensorflow" else None

    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    monkeypatch.setattr("threadpoolctl.threadpool_limits", lambda *_, **__: None)
    return devices


@pytest.mark.parametrize("machine", [1], indirect=True)
def test_a_worker_without_a_share_leaves_the_gpu_alone(machine: Devices) -> None:
    prepare_process()
    assert machine.visible == []
    assert machine.growing == []


@pytest.mark.parametrize("machine", [2], indirect=True)
def test_a_worker_with_a_share_sees_its_gpus_and_takes_memory_as_needed(machine: Devices) -> None:
    prepare_process(gpu=True)
    assert machine.visible is None
    assert machine.growing == ["GPU:0", "GPU:1"]


@pytest.mark.parametrize("machine", [0], indirect=True)
def test_a_share_of_a_gpu_that_tensorflow_does_not_find_is_refused(machine: Devices) -> None:
    with pytest.raises(MachineError, match="TensorFlow finds no GPU on this node") as refusal:
        prepare_process(gpu=True)
    assert "tensorflow[and-cuda]" in str(refusal.value.remedy)
    assert tf_logging.import_tensorflow().config is machine


@pytest.mark.parametrize(
    ("value", "given"), [(None, False), ("", False), ("-1", False), ("0", True), ("1,2", True)]
)
def test_ray_says_by_the_environment_which_gpu_a_worker_has(
    monkeypatch: pytest.MonkeyPatch, value: str | None, given: bool
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if value is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert has_gpu_share() is given


def test_a_share_may_be_a_fraction() -> None:
    assert parse_config({"executor": "ray", "gpus_per_trial": 0.25}).gpus_per_trial == 0.25
