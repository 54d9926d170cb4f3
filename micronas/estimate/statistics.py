"""Batch statistics of a finished network, taken anew from the training data.

Weights that were averaged, or that trained on distorted inputs, do not match the running statistics
gathered on the way (Izmailov et al. 2018, section 3.2); quantization folds the statistics into weights,
so they should be right for the inputs that the device will see.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.estimate.tf_model import TfModel
from micronas.estimate.weights import BATCH_NORM_MOMENTUM

BATCH = 250


def reestimate_statistics(model: TfModel, x: npt.NDArray[np.float32]) -> None:
    """Set the model's statistics to the mean over batches of ``x`` (N, ...), seen without augmentation."""
    zeros = tf.zeros_like(model.statistics)

    def of_batch(batch: Any) -> Any:
        # From zero, one update leaves (1 - momentum) times the batch's own statistics.
        updated = model.forward(model.parameters, zeros, batch, training=True)[1]
        return updated / (1.0 - BATCH_NORM_MOMENTUM)

    compiled = tf.function(of_batch, [tf.TensorSpec((None, *x.shape[1:]), tf.float32)], autograph=False)
    order = np.random.default_rng(0).permutation(len(x))  # samples may come sorted by class
    count = max(1, len(x) // BATCH)
    total = sum(compiled(tf.constant(x[chosen])) for chosen in np.array_split(order, count))
    model.statistics.assign(total / count)
