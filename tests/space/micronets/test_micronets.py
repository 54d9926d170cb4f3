"""The MicroNets space: its skeletons are the published ones, and its genes behave."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.config import SpaceConfig
from micronas.errors import SpaceError
from micronas.model.net import Add
from micronas.space import make_space
from micronas.space.micronets import Backbone, MicronetsArch, MicronetsLimits, MicronetsSpace, SlotGenes
from micronas.space.reference import REFERENCE_NETS

SHAPES = ((49, 10, 1), (32, 32, 1), (96, 96, 3), (64, 1, 3), (5, 3, 2))
MILD = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)
spaces = st.builds(
    MicronetsSpace,
    st.sampled_from(SHAPES),
    st.integers(2, 12),
    st.builds(
        MicronetsLimits,
        backbone=st.sampled_from(Backbone),
        slots=st.integers(3, 6),
        min_blocks=st.integers(1, 3),
        max_width=st.just(32),
    ),
)


@pytest.mark.parametrize(
    ("name", "shape", "stem", "widths"),
    [
        ("micronet_kws_s", (49, 10, 1), 84, (112, 84, 84, 84, 196)),
        ("micronet_kws_l", (49, 10, 1), 276, (248, 276, 276, 248, 248, 248, 248)),
        ("micronet_ad_s", (32, 32, 1), 72, (164, 220, 276, 276)),
        ("micronet_ad_m", (32, 32, 1), 192, (276,) * 5),
        ("micronet_ad_l", (32, 32, 1), 276, (248, 276, 276, 248, 248)),
    ],
)
def test_published_micronets_are_points_of_the_space(name, shape, stem, widths):
    published = REFERENCE_NETS[name]()
    limits = MicronetsLimits(slots=len(widths), max_width=276)
    space = MicronetsSpace(shape, published.output_shape[0], limits)
    net = space.net(MicronetsArch(stem, tuple(SlotGenes(width) for width in widths)))
    assert (net.macs, net.parameters) == (published.macs, published.parameters)
    # All layers but the form of the global pool.
    assert net.nodes[: len(published.nodes) - 4] == published.nodes[:-4]


def test_inverted_bottlenecks_with_residuals_for_images():
    space = MicronetsSpace((96, 96, 3), 2, MicronetsLimits(Backbone.MOBILENET_V2, slots=6))
    assert space.skeleton.stem_stride == 2
    net = space.net(MicronetsArch(16, (SlotGenes(16, 3),) * 6))
    assert sum(isinstance(node.layer, Add) for node in net.nodes) == space.skeleton.strides.count(1)
    assert net.shapes[-4][:2] == (6, 6)


def test_a_block_left_out_is_not_there():
    space = MicronetsSpace((49, 10, 1), 12, MicronetsLimits(slots=3))
    full = MicronetsArch(16, (SlotGenes(16), SlotGenes(24), SlotGenes(32)))
    less = MicronetsArch(16, (SlotGenes(16), SlotGenes(24, kept=False), SlotGenes(32)))
    assert len(space.net(full).nodes) - len(space.net(less).nodes) == 2
    with pytest.raises(SpaceError, match=r"slots\[0\].kept: False"):
        space.net(MicronetsArch(16, (SlotGenes(16, kept=False), SlotGenes(24), SlotGenes(32))))


@MILD
@given(spaces, seeds)
def test_samples_round_trip(space, seed):
    arch = space.sample(np.random.default_rng(seed))
    assert space.from_json(json.loads(json.dumps(space.to_json(arch)))) == arch
    assert sum(genes.kept for genes in arch.slots) >= space.limits.min_blocks


@MILD
@given(spaces, seeds)
def test_neighbours_are_other_networks_each_once(space, seed):
    rng = np.random.default_rng(seed)
    arch = space.sample(rng)
    neighbours = space.neighbours(arch)
    nets = {space.net(n) for n in neighbours}
    assert len(nets) == len(neighbours)
    assert space.net(arch) not in nets
    assert all(space.from_json(space.to_json(n)) == n for n in neighbours)
    assert space.net(space.mutate(arch, rng)) in nets


@MILD
@given(spaces, seeds)
def test_a_neighbour_differs_in_one_layer(space, seed):
    rng = np.random.default_rng(seed)
    arch = space.sample(rng)
    mutant = space.mutate(arch, rng)
    changed = sum(x != y for x, y in zip(arch.slots, mutant.slots, strict=True))
    assert changed + (arch.stem != mutant.stem) == 1


@MILD
@given(spaces, seeds, seeds)
def test_crossover_takes_each_layer_from_a_parent(space, one, two):
    a, b = (space.sample(np.random.default_rng(seed)) for seed in (one, two))
    child = space.crossover(a, b, np.random.default_rng(one))
    space.net(child)
    assert child.stem in (a.stem, b.stem)
    assert all(c in (x, y) for c, x, y in zip(child.slots, a.slots, b.slots, strict=True))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("backbone", Backbone)
def test_baseline_networks_are_of_the_space(shape, backbone):
    space = MicronetsSpace(shape, 3, MicronetsLimits(backbone, max_width=24))
    archs = space.baselines()
    assert all(space.from_json(space.to_json(arch)) == arch for arch in archs)
    assert space.net(archs[0]).parameters > 3 * space.net(archs[-1]).parameters


@pytest.mark.parametrize(
    ("gene", "value", "message"),
    [
        ("stem", 6, "stem: 6"),
        ("slots", [], "slots: 0, the space has 3"),
        ("slots", [{"width": 8}] * 3, r"slots\[0\]: missing or unknown genes: expansion, kept"),
        ("slots", [{"width": 8, "expansion": 2, "kept": True}] * 3, r"slots\[0\].expansion: 2"),
        ("slots", [{"width": 8, "expansion": 1, "kept": 1}] * 3, r"slots\[0\].kept: 1"),
        ("depth", 3, "missing or unknown genes: depth"),
    ],
)
def test_wrong_genes_are_refused_by_name(gene, value, message):
    space = MicronetsSpace((49, 10, 1), 12, MicronetsLimits(slots=3))
    data = space.to_json(MicronetsArch(16, (SlotGenes(16),) * 3))
    data[gene] = value
    with pytest.raises(SpaceError, match=message):
        space.from_json(data)


def test_space_from_a_configuration():
    config = SpaceConfig(name="micronets", backbone="mobilenet_v2", max_blocks=4, expansions=(3, 6))
    space = make_space(config, (96, 96, 3), 2)
    arch = space.sample(np.random.default_rng(0))
    assert len(arch.slots) == 4
    assert {genes.expansion for genes in arch.slots} <= {3, 6}
