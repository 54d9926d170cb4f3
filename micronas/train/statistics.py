"""Batch statistics of a finished network, recomputed from the training data.

Averaged weights do not match the running statistics of the training (Izmailov et al. 2018, section 3.2), and
statistics of the last small batches are noisy. The inputs are augmented as in training, because the layers
after a normalisation were trained on such inputs only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.train.augment import Augment
from micronas.train.tf_model import TfModel
from micronas.train.weights import BATCH_NORM_MOMENTUM

BATCH = 250


def reestimate_statistics(model: TfModel, x: npt.NDArray[np.float32], augment: Augment | None = None) -> None:
    """Set the model's statistics to the mean over batches of ``x`` (N, ...), distorted by ``augment``."""
    zeros = tf.zeros_like(model.statistics)

    def of_batch(batch: Any, number: Any) -> Any:
        if augment is not None:
            batch = augment(batch, tf.stack([number, 0]))
        # From zero, one update leaves (1 - momentum) times the batch's own statistics.
        updated = model.forward(model.parameters, zeros, batch, training=True)[1]
        return updated / (1.0 - BATCH_NORM_MOMENTUM)

    signature = [tf.TensorSpec((None, *x.shape[1:]), tf.float32), tf.TensorSpec((), tf.int32)]
    compiled = tf.function(of_batch, signature, autograph=False)
    order = np.random.default_rng(0).permutation(len(x))  # samples may come sorted by class
    count = max(1, len(x) // BATCH)
    pieces = enumerate(np.array_split(order, count))
    total = sum(compiled(tf.constant(x[chosen]), tf.constant(i)) for i, chosen in pieces)
    model.statistics.assign(total / count)
