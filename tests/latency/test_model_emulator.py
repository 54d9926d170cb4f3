"""The latency model on real kernels: networks that it has not seen, in QEMU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.board import load_board
from micronas.config import SpaceConfig
from micronas.deploy.deployment import deploy, random_samples
from micronas.device.targets import Qemu
from micronas.latency import LatencyModel, Profile, features_of
from micronas.model.graph import Graph, Tensor
from micronas.model.net import shape_graph
from micronas.space import make_space

BOARD = load_board("nucleo_f446re")


def with_weights(graph: Graph, rng: np.random.Generator) -> Graph:
    """The shape-only graph with weights that are neither zero nor -128, so that no short cut is taken."""

    def filled(tensor: Tensor) -> Tensor:
        if not tensor.is_constant or tensor.data is not None:
            return tensor
        values = rng.integers(-127, 128, tensor.shape)
        return replace(tensor, data=values.astype(tensor.dtype.value))

    return replace(graph, tensors=tuple(filled(t) for t in graph.tensors))


@pytest.mark.slow
@pytest.mark.emulator
def test_unseen_networks_are_predicted_within_a_few_percent(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    space = make_space(SpaceConfig(max_blocks=2, max_width=12, kernels=(3,), expansions=(2,)), (10, 10, 1), 4)
    profiles = []
    for number in range(24):
        graph = with_weights(shape_graph(space.net(space.sample(rng))), rng)
        deployed = deploy(
            graph,
            BOARD,
            random_samples(graph, 1, number),
            device=Qemu(),
            workdir=tmp_path / str(number),
            cache_dir=tmp_path / "cache",
            runs=1,
        )
        counts = [float(op.count) for op in deployed.measurement.per_op]
        features = features_of(graph, deployed.ledger.lowered)
        profiles.append(Profile(tuple(zip(features, counts, strict=True)), deployed.measurement.median))
    seen, unseen = profiles[:16], profiles[16:]
    model = LatencyModel(seen)
    pairs = [
        (said.count, profile.count)
        for profile in unseen
        if (said := model.predict([f for f, _ in profile.ops])) is not None
    ]
    print("predicted, emulated:", pairs, "errors:", model.errors)
    assert len(model.errors) >= 3, "16 networks have few ops of each kernel"
    assert pairs, "nothing was within reach"
    assert all(abs(p / m - 1) < 0.10 for p, m in pairs)
    left_out = LatencyModel(profiles).errors
    assert len(left_out) >= 12
    assert max(abs(error) for error in left_out) < 0.10
