"""The shared weights of a region. A kind of region registers its own; this imports TensorFlow."""

from __future__ import annotations

from functools import singledispatch

from micronas.errors import SpaceError
from micronas.supernet.block_region import BlockRegion
from micronas.supernet.cell_net import CellNet
from micronas.supernet.cell_region import CellRegion
from micronas.supernet.dense_net import DenseNet
from micronas.supernet.dense_region import DenseRegion
from micronas.supernet.elastic import ElasticNet
from micronas.supernet.region import SharedWeightSpace
from micronas.supernet.shared_net import SharedNet


@singledispatch
def make_shared_net(region: SharedWeightSpace, seed: int) -> SharedNet[SharedWeightSpace]:
    """Untrained weights for all networks of ``region``; a function of ``seed``."""
    raise SpaceError(f"no shared weights are registered for a {type(region).__name__}")


@make_shared_net.register
def _(region: BlockRegion, seed: int) -> SharedNet[BlockRegion]:
    return ElasticNet(region, seed)


@make_shared_net.register
def _(region: CellRegion, seed: int) -> SharedNet[CellRegion]:
    return CellNet(region, seed)


@make_shared_net.register
def _(region: DenseRegion, seed: int) -> SharedNet[DenseRegion]:
    return DenseNet(region, seed)
