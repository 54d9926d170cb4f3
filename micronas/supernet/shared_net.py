"""The interface of shared weights for training and scoring, and its implementation for each region."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.supernet.block_region import BlockRegion
from micronas.supernet.cell_net import CellNet
from micronas.supernet.cell_region import CellRegion
from micronas.supernet.dense_net import DenseNet
from micronas.supernet.dense_region import DenseRegion
from micronas.supernet.elastic import ElasticNet
from micronas.supernet.region import SharedWeightSpace

Tensor: TypeAlias = Any


class SharedNet(Protocol):
    """One flat vector of weights for all networks of ``region``; also a ``loop.Trainable``."""

    parameters: tf.Variable
    statistics: tf.Variable
    is_kernel: npt.NDArray[np.float32]

    @property
    def region(self) -> Any:
        """The networks that share the weights."""
        ...

    def forward(self, parameters: Tensor, genes: Any, x: Tensor, seen: int | None = None) -> Tensor:
        """Outputs (batch, classes or features) of the network ``genes`` for ``x``.

        ``genes`` are an int32 vector or, if a region has a widest network, whole numbers.

        The first ``seen`` samples give the normalisation statistics; None uses all.
        """
        ...


def shared_net(region: SharedWeightSpace, seed: int) -> SharedNet:
    """Weights for all networks of ``region``, untrained; a function of ``seed``."""
    match region:
        case BlockRegion():
            return ElasticNet(region, seed)
        case CellRegion():
            return CellNet(region, seed)
        case DenseRegion():
            return DenseNet(region, seed)
    raise TypeError(f"{type(region).__name__} has no weight-sharing network")
