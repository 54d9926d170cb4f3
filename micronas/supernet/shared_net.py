"""The interface of shared weights for training and scoring; ``make_shared_net`` makes them."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.data import Task
from micronas.supernet.region import SharedWeightSpace
from micronas.train.loop import Loss
from micronas.train.objectives import Objective

Tensor: TypeAlias = Any


R_co = TypeVar("R_co", bound=SharedWeightSpace, covariant=True)


class SharedNet(Protocol[R_co]):
    """One flat vector of weights for all networks of ``region``; also a ``loop.Trainable``."""

    parameters: tf.Variable
    statistics: tf.Variable
    is_kernel: npt.NDArray[np.float32]

    @property
    def region(self) -> R_co:
        """The networks that share the weights."""
        ...

    def forward(self, parameters: Tensor, genes: Tensor, x: Tensor, seen: int | None = None) -> Tensor:
        """Outputs (batch, classes or features) of the network ``genes`` for ``x``.

        ``genes`` are an int32 vector or, if a region has a widest network, whole numbers.

        The first ``seen`` samples give the normalisation statistics; None uses all.
        """
        ...

    def step_loss(self, task: Task, objective: Objective, seed: int) -> Loss:
        """The loss by which one step trains several networks; a function of ``seed`` and the step number."""
        ...
