"""Prepares a process for training: one thread, no log output."""

from __future__ import annotations

import os

from micronas.train.tf_logging import import_tensorflow


def prepare_process() -> None:
    """Import TensorFlow quietly and keep it and NumPy on one thread; call before TensorFlow is used.

    A worker uses one core: two workers then use two cores and not four threads. Sums are computed in a fixed
    order, so a training repeats bit for bit. A process that already uses TensorFlow keeps its threads.
    """
    from threadpoolctl import threadpool_limits

    # TensorFlow reads these once, when it starts.
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    devices = import_tensorflow().config
    for gpu in devices.list_physical_devices("GPU"):
        devices.experimental.set_memory_growth(gpu, True)  # several processes may share it
    threadpool_limits(1, user_api="blas")


def leave_graphs_unfused() -> None:
    """Run graphs as traced, in a process that trains many small networks for seconds each.

    TensorFlow's graph optimizer takes 0.06 CPU s per network and fuses a normalisation with its ReLU into a
    kernel that is slow with few channels: with 4 to 12 channels, a step takes up to a quarter less time
    without it. Results differ in rounding, so a process that has trained with the optimizer must not call
    this.
    """
    import_tensorflow().config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
