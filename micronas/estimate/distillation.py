"""Distillation: a finalist also learns the outputs of a better float network (Hinton et al. 2015).

The loss is half the usual one and half the cross-entropy with the teacher's outputs, both softened by a
temperature. The teacher sees the same augmented samples. It only makes sense for classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import tensorflow as tf

from micronas.data import Dataset, Task
from micronas.errors import TrainError
from micronas.model.net import Net
from micronas.train.keras_file import weights_from_bytes
from micronas.train.objectives import Objective
from micronas.train.tf_model import TfModel

Tensor: TypeAlias = Any

SHARE, TEMPERATURE = 0.5, 2.0


@dataclass(frozen=True, eq=False)
class Teacher:
    """``logits`` of a float network for a batch of inputs; ``name`` says which network that is."""

    name: str
    logits: Callable[[Tensor], Tensor]


def trial_teacher(number: int, net: Net, weights: bytes) -> Teacher:
    """The float network of a trial."""
    model = TfModel(net)
    model.set_weights(weights_from_bytes(weights, len(net.nodes)))
    return Teacher(f"trial {number}", lambda x: model(x, training=False))


def keras_teacher(path: Path, dataset: Dataset) -> Teacher:
    """A .keras file that ends with probabilities; ``TrainError`` if it is not for the data."""
    from micronas.quantize.keras_model import load_keras

    model = load_keras(path)
    shapes = tuple(model.input_shape[1:]), tuple(model.output_shape[1:])
    if shapes != (dataset.input_shape, (dataset.n_classes,)):
        raise TrainError(
            f"training.teacher {path} maps {shapes[0]} to {shapes[1]}, the data need "
            f"{dataset.input_shape} to {(dataset.n_classes,)}",
            remedy="give a network that was trained on these data",
        )
    return Teacher(path.name, lambda x: tf.math.log(model(x, training=False) + 1e-7))


def require_classes(dataset: Dataset) -> None:
    """Raise ``TrainError`` unless the task is classification."""
    if dataset.task is not Task.CLASSIFY:
        raise TrainError(
            f"training.distill needs classes, and data set {dataset.name} is for {dataset.task.value}",
            remedy="set training.distill: off",
        )


def distilled(objective: Objective, teacher: Teacher) -> Objective:
    """Half of ``objective`` and half of the teacher's softened outputs."""

    def loss(x: Tensor, y: Tensor, logits: Tensor) -> Tensor:
        targets = tf.stop_gradient(tf.nn.softmax(teacher.logits(x) / TEMPERATURE))
        soft = tf.nn.softmax_cross_entropy_with_logits(targets, logits / TEMPERATURE)
        # The gradients of softened outputs are smaller by the square of the temperature.
        return (1 - SHARE) * objective(x, y, logits) + SHARE * TEMPERATURE**2 * tf.reduce_mean(soft)

    return loss
