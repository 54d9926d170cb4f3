"""Properties of the space of dense networks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronas.config import SpaceConfig
from micronas.errors import SpaceError
from micronas.model.net import Dense
from micronas.space import make_space
from micronas.space.mlp import MlpArch, MlpLimits, MlpSpace

LIMITS = MlpLimits(1, 3, 4, 64)
SPACE = MlpSpace((64, 1, 3), 4, LIMITS)
archs = st.lists(st.sampled_from(LIMITS.widths), min_size=1, max_size=3).map(lambda w: MlpArch(tuple(w)))
seeds = st.integers(0, 2**32 - 1)


def test_parameters_by_hand():
    net = SPACE.net(MlpArch((16, 8)))
    assert net.parameters == (192 * 16 + 16) + (16 * 8 + 8) + (8 * 4 + 4)
    assert [node.layer.units for node in net.nodes if isinstance(node.layer, Dense)] == [16, 8, 4]


@given(archs, archs)
def test_round_trip_and_keys(a, b):
    assert SPACE.from_json(SPACE.to_json(a)) == a
    assert (SPACE.key(a) == SPACE.key(b)) == (SPACE.net(a) == SPACE.net(b))


@given(archs, seeds)
def test_mutation_changes_one_width_or_one_layer(arch, seed):
    mutant = SPACE.mutate(arch, np.random.default_rng(seed))
    assert mutant in SPACE.neighbours(arch)
    assert mutant != arch
    longer, shorter = sorted((arch.hidden, mutant.hidden), key=len, reverse=True)
    if len(longer) == len(shorter):
        assert sum(x != y for x, y in zip(longer, shorter, strict=True)) == 1
    else:
        assert shorter in [(*longer[:i], *longer[i + 1 :]) for i in range(len(longer))]


@given(archs, archs, seeds)
def test_crossover_joins_a_head_and_a_tail(a, b, seed):
    child = SPACE.crossover(a, b, np.random.default_rng(seed)).hidden
    assert SPACE.from_json({"hidden": list(child)}).hidden == child
    assert any(
        child == (*a.hidden[:i], *b.hidden[j:])
        for i in range(len(a.hidden) + 1)
        for j in range(len(b.hidden) + 1)
    )


@given(seeds)
def test_samples_are_in_the_space(seed):
    arch = SPACE.sample(np.random.default_rng(seed))
    assert SPACE.from_json(SPACE.to_json(arch)) == arch


def test_baseline_networks_shrink():
    sizes = [SPACE.net(arch).parameters for arch in SPACE.baselines()]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 8 * sizes[-1]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"hidden": []}, "hidden: 0, the space has 1 to 3"),
        ({"hidden": [8] * 4}, "hidden: 4, the space has 1 to 3"),
        ({"hidden": [8, 6]}, r"hidden\[1\]: 6"),
        ({"hidden": [8.0]}, r"hidden\[0\]: 8.0"),
        ({"hidden": 8}, "hidden: 8 is not a list"),
        ({"widths": [8]}, "missing or unknown genes: hidden, widths"),
        ([8], r"architecture: \[8\] is not an object"),
    ],
)
def test_wrong_genes_are_refused(data, message):
    with pytest.raises(SpaceError, match=message):
        SPACE.from_json(data)


def test_space_from_a_configuration():
    space = make_space(SpaceConfig(name="mlp", min_blocks=2, max_blocks=2, max_width=16), (640,), 2)
    assert space.net(space.sample(np.random.default_rng(0))).input_shape == (640,)
