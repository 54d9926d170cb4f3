"""Prepares a process for training: one thread, no log output, a GPU only where it is asked for."""

from __future__ import annotations

import os
from typing import Any

from micronas.errors import MachineError
from micronas.train.tf_logging import import_tensorflow


def prepare_process(*, gpu: bool = False) -> None:
    """Import TensorFlow quietly and keep it and NumPy on one thread; call before TensorFlow is used.

    A worker uses one core: two workers then use two cores and not four threads. Sums are computed in a fixed
    order, so a training repeats bit for bit. A process that already uses TensorFlow keeps its threads.

    With ``gpu``, the process trains on a GPU and takes its memory as it needs it, because other processes may
    share it. Raises ``MachineError`` if TensorFlow finds none.
    """
    from threadpoolctl import threadpool_limits

    # TensorFlow reads these once, when it starts.
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    devices = import_tensorflow(gpu=gpu).config
    if gpu:
        _grow_memory(devices)
    threadpool_limits(1, user_api="blas")


def has_gpu_share() -> bool:
    """Whether this process was given a GPU, or a share of one, by Ray."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "") not in ("", "-1", "NoDevFiles")


def _grow_memory(devices: Any) -> None:
    found = devices.list_physical_devices("GPU")
    if not found:
        raise MachineError(
            "gpus_per_trial gives each trial a share of a GPU, but TensorFlow finds no GPU on this node",
            remedy="install tensorflow[and-cuda] and the GPU's driver there, or set gpus_per_trial: 0",
        )
    for one in found:
        devices.experimental.set_memory_growth(one, True)


def leave_graphs_unfused() -> None:
    """Run graphs as traced, in a process that trains many small networks for seconds each.

    TensorFlow's graph optimizer takes 0.06 CPU s per network and fuses a normalisation with its ReLU into a
    kernel that is slow with few channels: with 4 to 12 channels, a step takes up to a quarter less time
    without it. Results differ in rounding, so a process that has trained with the optimizer must not call
    this.
    """
    import_tensorflow().config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
