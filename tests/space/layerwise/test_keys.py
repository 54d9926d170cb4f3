"""The layer-wise space and its configuration: what its keys open, and what it refuses."""

from __future__ import annotations

import itertools
import json
from dataclasses import fields

import numpy as np
import pytest

from micronas.config import SpaceConfig, parse_config
from micronas.errors import ConfigError, SpaceError
from micronas.space import make_space
from micronas.space.layerwise import Block, BlockKind, LayerwiseArch, LayerwiseSpace, Limits, Stem
from micronas.space.space_config import genes_of


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("stem", "kernel"), 4, "stem.kernel: 4 is not one of 3, 5, 7"),
        (("stem", "width"), 6, "stem.width: 6"),
        (("stem", "stride"), 3, "stem.stride: 3"),
        (("blocks", 0, "kind"), "dense", "blocks[0].kind: 'dense'"),
        (("blocks", 1, "expansion"), 2, "blocks[1].expansion: 2 is not one of 1"),
        (("blocks", 0, "pool"), 1, "blocks[0].pool: 1"),
        (("blocks", 0, "swish"), True, "blocks[0].swish: True is not one of False"),
        (("stem", "shrink"), 2, "stem.shrink: 2 is not one of 1"),
        (("blocks", 0, "width"), 8.0, "blocks[0].width: 8.0"),
        (("blocks", 0, "dilation"), 2, "blocks[0]: missing or unknown genes: dilation"),
        (("blocks", 1), "conv", "blocks[1]: 'conv' is not an object"),
        (("blocks",), [], "blocks: 0, the space has 2 to 6"),
        (("blocks",), {"a": 1}, "blocks: {'a': 1} is not a list"),
        (("head",), {}, "architecture: missing or unknown genes: head"),
    ],
)
def test_wrong_genes_are_refused_by_name(path, value, message):
    space = make_space(SpaceConfig(), (28, 28, 1), 10)
    arch = LayerwiseArch(Stem(3, 2, 8), (Block(BlockKind.CONV, 3, 1, 8), Block(BlockKind.CONV, 3, 1, 8)))
    data = json.loads(json.dumps(space.to_json(arch)))
    target = data
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    with pytest.raises(SpaceError) as caught:
        space.from_json(data)
    assert message in str(caught.value)


def test_net_refuses_an_architecture_outside_the_limits():
    space = LayerwiseSpace((28, 28, 1), 10, Limits(max_width=16))
    with pytest.raises(SpaceError, match=r"stem\.width: 32"):
        space.net(LayerwiseArch(Stem(3, 2, 32), (Block(BlockKind.CONV, 3, 1, 8),) * 2))


def test_make_space_maps_the_configuration():
    config = SpaceConfig(min_blocks=1, max_blocks=3, min_width=8, max_width=24, kernels=(5, 3))
    space = make_space(config, (28, 28, 1), 10)
    for i in range(50):
        arch = space.sample(np.random.default_rng(i))
        assert 1 <= len(arch.blocks) <= 3
        assert {arch.stem.width, *(b.width for b in arch.blocks)} <= {8, 12, 16, 20, 24}
        assert {arch.stem.kernel, *(b.kernel for b in arch.blocks)} <= {3, 5}


@pytest.mark.parametrize("shape", [(640,), (28, 28, 1, 1)])
def test_shapes_that_are_no_image_are_refused(shape):
    with pytest.raises(SpaceError):
        make_space(SpaceConfig(), shape, 10)


def test_unknown_space_is_refused_with_the_known_ones():
    with pytest.raises(SpaceError, match="layerwise"):
        make_space(SpaceConfig(name="layrwise"), (28, 28, 1), 10)


def test_windows_of_sensors_are_images_one_wide():
    space = make_space(SpaceConfig(), (64, 3), 4)
    assert space.net(space.sample(np.random.default_rng(0))).input_shape == (64, 1, 3)


@pytest.mark.parametrize("gene", genes_of("layerwise"), ids=lambda gene: gene.key)
def test_the_key_of_a_gene_opens_all_its_values_and_no_key_none(gene):
    plain, opened = (
        make_space(SpaceConfig.model_validate({gene.key: on}), (49, 10, 1), 12) for on in (False, True)
    )
    drawn = [opened.sample(np.random.default_rng(i)) for i in range(60)]
    assert {value for arch in drawn for value in _values(arch, gene.name)} == set(gene.every_option)
    arch = plain.sample(np.random.default_rng(0))
    assert {*_values(arch, gene.name)} == {gene.every_option[0]}
    assert (gene.name in json.dumps(plain.to_json(arch))) == gene.in_all_json
    assert plain.key(arch) == LayerwiseSpace((49, 10, 1), 12, Limits()).key(arch)


def _values(arch, name):
    """The values of a gene in all records that have it."""
    records = (arch.stem, *arch.blocks, *(getattr(arch, f.name) for f in fields(arch)))
    return [getattr(record, name) for record in records if hasattr(record, name)]


def test_a_list_limits_a_gene_to_some_of_its_values():
    space = make_space(SpaceConfig.model_validate({"dilation": [2, 1]}), (49, 10, 1), 12)
    drawn = [space.sample(np.random.default_rng(i)) for i in range(60)]
    assert {*itertools.chain(*(_values(arch, "dilation") for arch in drawn))} == {1, 2}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("dilation", [2], "dilation: must be true, false or a list of 1 and some of 2, 4, not [2]"),
        ("dilation", [1, 3], "some of 2, 4, not [1, 3]"),
        ("dilation", [True, 2], "some of 2, 4, not [True, 2]"),
        ("dilation", 2, "some of 2, 4, not 2"),
        ("shrink", [1, 4], "shrink: must not skip a value: small planes turn 4 into 2; use [1, 2, 4]"),
        ("hard_swish", [False], "hard_swish: must be true or false, not [False]"),
        ("name", "mlp", "hard_swish is a gene of layerwise, not of mlp"),
    ],
)
def test_wrong_values_of_keys_of_genes_are_refused(key, value, message):
    with pytest.raises(ConfigError) as caught:
        parse_config({"space": {"hard_swish": True, key: value}})
    assert message in str(caught.value)
