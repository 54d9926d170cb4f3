"""A network of a single output ends in a linear layer, in every space that does not reconstruct."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.model.net import Dense, SoftmaxLayer
from micronas.model.op_attributes import Activation
from micronas.space import ANOMALY_SPACES, SPACES, make_space
from micronas.space.space_config import SpaceConfig


@pytest.mark.parametrize("name", [name for name in SPACES if name not in ANOMALY_SPACES])
def test_one_output_is_linear_and_classes_end_in_softmax(name: str) -> None:
    for outputs in (1, 3):
        space = make_space(SpaceConfig(name=name), (32, 1, 3), outputs)
        net = space.net(space.sample(np.random.default_rng(0)))
        *_, dense, last = (node.layer for node in net.nodes)
        if outputs == 1:
            dense = last
        assert isinstance(last, SoftmaxLayer) == (outputs > 1)
        assert isinstance(dense, Dense)
        assert dense.activation is Activation.NONE
        assert net.output_shape == (outputs,)
