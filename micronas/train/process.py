"""Prepares a process for training: one thread, no chatter."""

from __future__ import annotations

import os

from micronas.train.tf_logging import import_tensorflow


def prepare_process() -> None:
    """Import TensorFlow quietly and keep it and NumPy on one thread; call before TensorFlow is used.

    A worker is one core's worth of work: two workers then use two cores and not four threads, and sums
    are taken in one order, so a training repeats bit for bit. A process whose TensorFlow already runs
    keeps the threads it has.
    """
    from threadpoolctl import threadpool_limits

    # TensorFlow reads these once, when it starts.
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    import_tensorflow()
    threadpool_limits(1, user_api="blas")


def leave_graphs_unfused() -> None:
    """Run graphs as they were traced, in a process that trains many small networks for seconds each.

    TensorFlow's graph optimizer takes 0.06 CPU s of each network, and fuses a normalisation with its ReLU
    into a kernel that is slow at few channels: at 4 to 12 a step takes up to a quarter less without it.
    Results differ in rounding, so that a process that has trained with it must not call this.
    """
    import_tensorflow().config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
