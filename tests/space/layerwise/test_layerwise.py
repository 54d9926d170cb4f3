"""Properties of the layerwise space, over images, spectrograms and sensor windows."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from micronas.config import SpaceConfig, parse_config
from micronas.errors import ConfigError, SpaceError
from micronas.model.net import (
    Add,
    Apply,
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    Function,
    GlobalAveragePool,
    Pool,
    PoolKind,
    shape_graph,
)
from micronas.model.tflite.writer import write as write_tflite
from micronas.space import make_space
from micronas.space.gene import everywhere
from micronas.space.genome import Chain, with_item
from micronas.space.layerwise import (
    Block,
    BlockKind,
    Head,
    HeadPooling,
    KernelShape,
    LayerwiseArch,
    LayerwiseSpace,
    Limits,
    Stem,
)
from micronas.space.space_config import every_option, genes_of

SHAPES = ((28, 28, 1), (49, 40, 1), (49, 10, 1), (64, 1, 3), (96, 96, 3), (5, 3, 2), (1, 1, 4))
LIMITS = Limits(
    min_blocks=1,
    max_blocks=5,
    max_width=32,
    stem_strides=(1, 2, 4, 8),
    optional=every_option("layerwise"),
)
MILD = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

shapes = st.sampled_from(SHAPES)
seeds = st.integers(0, 2**32 - 1)
spaces = st.builds(LayerwiseSpace, shapes, st.integers(2, 12), st.just(LIMITS))


def _raw(draw_int, limits=LIMITS):
    """Any combination of allowed genes, canonical or not, each drawn evenly: not the space's own sampler."""

    def pick(options):
        return options[draw_int(0, len(options) - 1)]

    def item(genes):
        values = {}
        for gene in genes.genes:
            values[gene.name] = pick(gene.allowed(genes.first(values)))
        return genes.made(values)

    count = draw_int(limits.min_blocks, limits.max_blocks)
    parts = LayerwiseSpace(SHAPES[0], 2, limits).genome.parts
    return LayerwiseArch(
        **{
            part.name: tuple(item(part.genes) for _ in range(count))
            if isinstance(part, Chain)
            else item(part.genes)
            for part in parts
        }
    )


@st.composite
def raw_archs(draw):
    return _raw(lambda low, high: draw(st.integers(low, high)))


def _canonical(space, arch):
    return space.from_json(space.to_json(arch))


@MILD
@given(spaces, raw_archs())
def test_json_round_trips_through_text(space, arch):
    canonical = _canonical(space, arch)
    assert space.from_json(json.loads(json.dumps(space.to_json(canonical)))) == canonical


@MILD
@given(spaces, raw_archs(), raw_archs())
def test_equal_networks_have_equal_keys_and_others_do_not(space, a, b):
    same_net = space.net(a) == space.net(b)
    assert (space.key(a) == space.key(b)) == same_net
    assert (_canonical(space, a) == _canonical(space, b)) == same_net


@MILD
@given(spaces, raw_archs())
def test_canonical_form_is_the_same_network(space, arch):
    canonical = _canonical(space, arch)
    assert space.net(canonical) == space.net(arch)
    assert _canonical(space, canonical) == canonical


@MILD
@given(spaces, raw_archs())
def test_canonical_genes_each_have_an_effect(space, arch):
    """Lowering any one gene of a canonical architecture changes the network."""
    canonical = _canonical(space, arch)
    net = space.net(canonical)
    for part, items in space.genome.items(canonical):
        for place, item in enumerate(items):
            for gene in part.genes.genes:
                if gene.name in ("kind", "width"):
                    continue  # another kind has other genes; a width always has an effect
                values = part.genes.values(item)
                allowed = gene.allowed(item)
                for lower in allowed[: allowed.index(values[gene.name])]:
                    changed = part.genes.made({**values, gene.name: lower})
                    assert space.net(with_item(canonical, part, place, changed)) != net


@MILD
@given(spaces, seeds)
def test_samples_are_canonical_and_feasible(space, seed):
    arch = space.sample(np.random.default_rng(seed))
    assert _canonical(space, arch) == arch
    net = space.net(arch)
    assert all(min(shape) >= 1 for shape in net.shapes)
    assert net.output_shape == (space.n_classes,)


@MILD
@given(spaces, raw_archs(), seeds)
def test_mutation_is_a_neighbour_and_another_network(space, arch, seed):
    arch = _canonical(space, arch)
    mutant = space.mutate(arch, np.random.default_rng(seed))
    assert mutant in space.neighbours(arch)
    assert space.net(mutant) != space.net(arch)
    assert _canonical(space, mutant) == mutant


def _gene_differences(a, b):
    """Names of the genes that differ, block by block."""
    parts = [field.name for field in fields(a) if field.name != "blocks"]
    found = [f"{p}.{k}" for p in parts for k, v in asdict(a)[p].items() if asdict(b)[p][k] != v]
    for i, (x, y) in enumerate(zip(a.blocks, b.blocks, strict=True)):
        found += [f"{i}.{k}" for k, v in asdict(x).items() if asdict(y)[k] != v]
    return found


@MILD
@given(st.integers(2, 12), st.data())
def test_mutation_changes_one_gene_or_one_block(classes, data):
    """On a plane so large that no gene loses its effect, a neighbour differs in exactly one thing."""
    space = LayerwiseSpace((2**16, 2**16, 1), classes, LIMITS)
    arch = _canonical(space, data.draw(raw_archs()))
    neighbours = space.neighbours(arch)
    neighbour = neighbours[data.draw(st.integers(0, len(neighbours) - 1))]
    longer, shorter = sorted((arch, neighbour), key=lambda a: len(a.blocks), reverse=True)
    if len(longer.blocks) == len(shorter.blocks):
        changed = _gene_differences(arch, neighbour)
        # Another kind or stride brings along the genes that depend on it.
        genes = {g.split(".")[1] for g in changed}
        blocks = next(part for part in space.genome.parts if part.name == "blocks")
        dependent = {gene.name for gene in blocks.genes.genes if gene.applies is not everywhere}
        assert len(changed) == 1 or genes - dependent in ({"kind"}, {"stride"})
    else:
        assert replace(longer, blocks=()) == replace(shorter, blocks=())
        without_one = [(*longer.blocks[:i], *longer.blocks[i + 1 :]) for i in range(len(longer.blocks))]
        assert shorter.blocks in without_one


@pytest.mark.slow
@MILD
@given(spaces, raw_archs())
def test_neighbours_are_distinct_networks(space, arch):
    arch = _canonical(space, arch)
    nets = [space.net(n) for n in space.neighbours(arch)]
    assert len(set(nets)) == len(nets)
    assert space.net(arch) not in nets


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(SHAPES), seeds)
def test_mutation_reaches_all_neighbours(shape, seed):
    space = LayerwiseSpace(shape, 4, Limits(min_blocks=1, max_blocks=2, max_width=8, kernels=(3,)))
    rng = np.random.default_rng(seed)
    arch = space.sample(rng)
    neighbours = set(space.neighbours(arch))
    reached = {space.mutate(arch, rng) for _ in range(60 * len(neighbours))}
    assert reached == neighbours


@MILD
@given(spaces, raw_archs(), raw_archs(), seeds)
def test_crossover_stays_in_the_space_and_takes_from_both(space, a, b, seed):
    a, b = _canonical(space, a), _canonical(space, b)
    child = space.crossover(a, b, np.random.default_rng(seed))
    assert _canonical(space, child) == child
    genes = {(x.kind, x.width) for x in (*a.blocks, *b.blocks)}
    assert {(x.kind, x.width) for x in child.blocks} <= genes
    assert child == _canonical(space, replace(a, blocks=child.blocks))


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_crossover_with_itself_can_give_itself(seed):
    space = LayerwiseSpace((28, 28, 1), 10, Limits(min_blocks=2, max_blocks=2))
    arch = space.sample(np.random.default_rng(seed))
    children = {space.crossover(arch, arch, np.random.default_rng([seed, i])) for i in range(40)}
    assert arch in children


def test_inverted_bottleneck_has_a_residual_only_where_shapes_agree():
    space = LayerwiseSpace((28, 28, 1), 10, Limits())
    blocks = (
        Block(BlockKind.INVERTED, 3, 1, 16, 2),
        Block(BlockKind.INVERTED, 3, 2, 16, 2),
        Block(BlockKind.INVERTED, 3, 1, 24, 2),
    )
    net = space.net(LayerwiseArch(Stem(3, 2, 16), blocks))
    assert sum(isinstance(node.layer, Add) for node in net.nodes) == 1


def test_genes_act_per_dimension_on_a_flat_plane():
    """A sensor window of 64 x 1: kernels, strides and pools have no width."""
    space = LayerwiseSpace((64, 1, 3), 3, Limits())
    blocks = (Block(BlockKind.SEPARABLE, 5, 2, 16), Block(BlockKind.CONV, 7, 1, 16, pool=True))
    net = space.net(LayerwiseArch(Stem(7, 2, 8), blocks))
    windows = [node.layer for node in net.nodes if isinstance(node.layer, Conv | DepthwiseConv)]
    assert [(w.kernel_h, w.kernel_w, w.stride_h, w.stride_w) for w in windows] == [
        (7, 1, 2, 1),
        (5, 1, 2, 1),
        (1, 1, 1, 1),
        (7, 1, 1, 1),
    ]
    pools = [node.layer for node in net.nodes if isinstance(node.layer, Pool)]
    assert [(p.pool_h, p.pool_w) for p in pools] == [(2, 1)]


def test_samples_cover_the_sizes_evenly_enough():
    """Each quarter of the logarithmic size range, between the 2nd and 98th percentile, is visited."""
    space = LayerwiseSpace((28, 28, 1), 10, Limits())
    nets = [space.net(space.sample(np.random.default_rng([0, i]))) for i in range(400)]
    for values in ([n.parameters for n in nets], [n.macs for n in nets]):
        logs = np.log(values)
        low, high = np.percentile(logs, (2, 98))
        assert high - low > np.log(50)
        counts, _ = np.histogram(logs, bins=4, range=(low, high))
        assert counts.min() > 0.08 * len(nets)


def test_baseline_networks_cover_the_budget_classes():
    """Files for 64 KB, 20 KB and a few KB; largest first; a convolutional and a separable one in each."""
    space = LayerwiseSpace((28, 28, 1), 10, Limits())
    archs = space.baselines()
    sizes = [len(write_tflite(shape_graph(space.net(arch)))) for arch in archs]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(archs)) == len(sizes)
    for low, high in ((24_000, 65_536), (12_000, 20_480), (8_000, 10_000), (0, 7_000)):
        kinds = {a.blocks[0].kind for a, size in zip(archs, sizes, strict=True) if low < size <= high}
        assert kinds == {BlockKind.CONV, BlockKind.SEPARABLE}


def _seen(net):
    """Input positions along the first axis that reach one output of the last windowed layer."""
    reach = 0
    for node in reversed(net.nodes):
        layer = node.layer
        if hasattr(layer, "stride_h"):
            size = layer.pool_h if isinstance(layer, Pool) else layer.kernel_h
            reach = reach * layer.stride_h + (size - 1) * getattr(layer, "dilation_h", 1)
    return reach + 1


@pytest.mark.parametrize(
    ("length", "limits"),
    [
        *((length, Limits()) for length in (40, 64, 128, 400)),
        (64, Limits(max_blocks=3)),
        (128, Limits(max_blocks=3, optional={"dilation": (1, 2, 4, 8)})),
    ],
)
def test_baseline_networks_of_streams_see_the_whole_window(length, limits):
    space = LayerwiseSpace((length, 1, 6), 5, limits)
    seen = [_seen(space.net(arch)) for arch in space.baselines()]
    assert np.mean([field >= length for field in seen]) >= 0.7  # not the dilated ones of long windows
    assert min(seen) >= 40


def test_baseline_networks_of_photographs_keep_their_resolution_where_digits_do_not():
    photographs = LayerwiseSpace((32, 32, 3), 10, Limits()).baselines()
    kept = {arch.blocks[0].kind for arch in photographs if arch.stem.stride == 1}
    assert kept == {BlockKind.CONV, BlockKind.INVERTED}
    for shape in ((28, 28, 1), (49, 40, 1)):
        assert all(arch.stem.stride == 2 for arch in LayerwiseSpace(shape, 10, Limits()).baselines())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "limits", [Limits(), Limits(4, 4, 8, 8, (5,), (3,)), Limits(1, 1, 4, 12, (3, 7), (6,))]
)
def test_baseline_networks_obey_any_limits(shape, limits):
    space = LayerwiseSpace(shape, 3, limits)
    for arch in space.baselines():
        assert _canonical(space, arch) == arch


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


def test_raw_audio_starts_with_long_overlapping_strides():
    """8,000 samples: the stem's kernel is wider than its stride, and samples get small enough to plan."""
    space = make_space(SpaceConfig(), (8000, 1), 10)
    strides = set()
    for i in range(60):
        net = space.net(space.sample(np.random.default_rng(i)))
        stem = net.nodes[1].layer
        assert stem.stride_w == stem.kernel_w == 1
        assert stem.kernel_h > stem.stride_h
        strides.add(stem.stride_h)
    assert strides == {1, 2, 4, 8, 16}


def test_mobilenet_v3_block_has_gate_and_hard_swish_where_the_genes_say():
    """Howard et al. 2019: expand, depthwise, squeeze-excite, project; the projection is linear."""
    limits = replace(LIMITS, min_blocks=1)
    space = LayerwiseSpace((32, 32, 3), 10, limits)
    block = Block(BlockKind.INVERTED, 5, 1, 16, 4, swish=True, gate=True)
    net = space.net(LayerwiseArch(Stem(3, 2, 16), (block,)))
    kinds = [type(node.layer).__name__ for node in net.nodes[2:-3]]
    assert kinds == [
        *["Conv", "Apply", "DepthwiseConv", "Apply"],
        *["GlobalAveragePool", "Conv", "Conv", "Apply", "Multiply"],
        *["Conv", "Add"],
    ]
    functions = [node.layer.function for node in net.nodes if isinstance(node.layer, Apply)]
    assert functions == [Function.HARD_SWISH, Function.HARD_SWISH, Function.LOGISTIC]
    squeeze = [node.layer.filters for node in net.nodes if isinstance(node.layer, Conv)][2:4]
    assert squeeze == [16, 64]


def test_dilation_widens_the_window_along_the_first_axis_as_far_as_the_plane_goes():
    """Windows of 5 rows: 4 apart they span 17 of the 27 that 14 frames allow, but not the 13 of 7 frames."""
    space = LayerwiseSpace((14, 10, 1), 12, replace(LIMITS, min_blocks=1))
    blocks = (
        Block(BlockKind.SEPARABLE, 5, 1, 8, dilation=4),
        Block(BlockKind.SEPARABLE, 3, 2, 8),
        Block(BlockKind.INVERTED, 5, 1, 8, 2, dilation=4),
    )
    net = space.net(LayerwiseArch(Stem(3, 1, 8), blocks))
    depthwise = [node.layer for node in net.nodes if isinstance(node.layer, DepthwiseConv)]
    assert [(d.kernel_h, d.kernel_w, d.dilation_h) for d in depthwise] == [(5, 5, 4), (3, 3, 1), (5, 5, 2)]
    for kind, stride in ((BlockKind.CONV, 1), (BlockKind.SEPARABLE, 2)):
        with pytest.raises(SpaceError, match=r"blocks\[0\].dilation: 2 is not one of 1"):
            space.net(LayerwiseArch(Stem(3, 1, 8), (Block(kind, 3, stride, 8, dilation=2),)))


def test_kernels_may_be_long_in_time_or_of_one_row_or_column():
    space = make_space(SpaceConfig.model_validate({"kernel_shape": True}), (49, 10, 1), 12)
    shapes = (KernelShape.LONG, KernelShape.TALL, KernelShape.FLAT, KernelShape.SQUARE)
    kinds = (BlockKind.SEPARABLE, BlockKind.CONV, BlockKind.SEPARABLE, BlockKind.CONV)
    blocks = tuple(Block(kind, 7, 1, 8, shape=shape) for kind, shape in zip(kinds, shapes, strict=True))
    net = space.net(LayerwiseArch(Stem(3, 1, 8), blocks))
    windows = [(n.layer.kernel_h, n.layer.kernel_w) for n in net.nodes if hasattr(n.layer, "kernel_h")]
    assert windows == [(3, 3), (15, 7), (1, 1), (7, 1), (1, 7), (1, 1), (7, 7)]


def test_on_a_stream_a_shape_is_only_what_changes_the_window():
    """Of width 1: a tall kernel is the square one, and a flat one would be no window at all."""
    space = make_space(SpaceConfig.model_validate({"kernel_shape": True}), (64, 1, 3), 4)

    def canonical(kernel, shape):
        block = Block(BlockKind.CONV, kernel, 1, 8, shape=shape)
        found = space.canonical(LayerwiseArch(Stem(3, 1, 8), (block, block))).blocks[0]
        return found.kernel, found.shape

    assert canonical(5, KernelShape.TALL) == (5, KernelShape.SQUARE)
    assert canonical(5, KernelShape.FLAT) == (5, KernelShape.SQUARE)
    assert canonical(3, KernelShape.LONG) == (7, KernelShape.SQUARE)
    assert canonical(7, KernelShape.LONG) == (7, KernelShape.LONG)


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
        ("hard_swish", [False], "hard_swish: must be a valid boolean, not [False]"),
        ("name", "mlp", "hard_swish is a gene of layerwise, not of mlp"),
    ],
)
def test_wrong_values_of_keys_of_genes_are_refused(key, value, message):
    with pytest.raises(ConfigError) as caught:
        parse_config({"space": {"hard_swish": True, key: value}})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("pooling", "side", "layers", "features"),
    [
        (HeadPooling.AVERAGE, 8, [GlobalAveragePool()], 8),
        (HeadPooling.MAX, 8, [Pool(PoolKind.MAX, 8, 8, 8, 8), Flatten()], 8),
        (HeadPooling.FLATTEN, 8, [Flatten()], 8 * 8 * 8),
        (HeadPooling.FLATTEN, 9, [GlobalAveragePool()], 8),
        (HeadPooling.MAX, 1, [GlobalAveragePool()], 8),
    ],
)
def test_the_head_pools_as_its_gene_says_where_there_is_something_to_pool(pooling, side, layers, features):
    space = LayerwiseSpace((side, side, 1), 10, replace(LIMITS, min_blocks=1))
    arch = LayerwiseArch(Stem(3, 1, 8), (Block(BlockKind.CONV, 3, 1, 8),), Head(pooling))
    net = space.net(arch)
    assert [node.layer for node in net.nodes[3:-2]] == layers
    assert net.shapes[-3] == (features,)


def test_dropout_is_in_the_training_of_the_last_layer_and_not_in_the_deployed_graph():
    space = LayerwiseSpace((28, 28, 1), 10, replace(LIMITS, min_blocks=1))
    arch = LayerwiseArch(Stem(3, 2, 8), (Block(BlockKind.CONV, 3, 1, 8),), Head(dropout=0.2))
    plain, dropped = (space.net(a) for a in (replace(arch, head=Head()), arch))
    assert [node.layer.dropout for node in dropped.nodes if isinstance(node.layer, Dense)] == [0.2]
    assert space.key(arch) != space.key(replace(arch, head=Head()))
    assert write_tflite(shape_graph(dropped)) == write_tflite(shape_graph(plain))


def test_half_resolution_is_an_average_in_front():
    space = LayerwiseSpace((96, 96, 3), 2, replace(LIMITS, min_blocks=1))
    net = space.net(LayerwiseArch(Stem(3, 2, 8, shrink=2), (Block(BlockKind.CONV, 3, 1, 8),)))
    assert net.nodes[1].layer == Pool(PoolKind.AVERAGE, 2, 2, 2, 2)
    assert net.shapes[2] == (24, 24, 8)
    quarter = space.net(LayerwiseArch(Stem(3, 2, 8, shrink=4), (Block(BlockKind.CONV, 3, 1, 8),)))
    assert [type(node.layer) for node in quarter.nodes[1:4]] == [Pool, Pool, Conv]
    assert quarter.shapes[3] == (12, 12, 8)
