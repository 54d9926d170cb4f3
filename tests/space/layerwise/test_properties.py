"""Properties of the layer-wise space, over images, spectrograms and sensor windows."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.space.gene import everywhere
from micronas.space.genome import with_item
from micronas.space.layerwise import LayerwiseSpace, Limits
from tests.support.layerwise_archs import LIMITS, MILD, SHAPES, in_canonical_form, raw_archs, seeds, spaces


@MILD
@given(spaces, raw_archs())
def test_json_round_trips_through_text(space, arch):
    canonical = in_canonical_form(space, arch)
    assert space.from_json(json.loads(json.dumps(space.to_json(canonical)))) == canonical


@MILD
@given(spaces, raw_archs(), raw_archs())
def test_equal_networks_have_equal_keys_and_others_do_not(space, a, b):
    same_net = space.net(a) == space.net(b)
    assert (space.key(a) == space.key(b)) == same_net
    assert (in_canonical_form(space, a) == in_canonical_form(space, b)) == same_net


@MILD
@given(spaces, raw_archs())
def test_canonical_form_is_the_same_network(space, arch):
    canonical = in_canonical_form(space, arch)
    assert space.net(canonical) == space.net(arch)
    assert in_canonical_form(space, canonical) == canonical


@MILD
@given(spaces, raw_archs())
def test_canonical_genes_each_have_an_effect(space, arch):
    """Lowering any one gene of a canonical architecture changes the network."""
    canonical = in_canonical_form(space, arch)
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
    assert in_canonical_form(space, arch) == arch
    net = space.net(arch)
    assert all(min(shape) >= 1 for shape in net.shapes)
    assert net.output_shape == (space.n_classes,)


@MILD
@given(spaces, raw_archs(), seeds)
def test_mutation_is_a_neighbour_and_another_network(space, arch, seed):
    arch = in_canonical_form(space, arch)
    mutant = space.mutate(arch, np.random.default_rng(seed))
    assert mutant in space.neighbours(arch)
    assert space.net(mutant) != space.net(arch)
    assert in_canonical_form(space, mutant) == mutant


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
    arch = in_canonical_form(space, data.draw(raw_archs()))
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
    arch = in_canonical_form(space, arch)
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
    a, b = in_canonical_form(space, a), in_canonical_form(space, b)
    child = space.crossover(a, b, np.random.default_rng(seed))
    assert in_canonical_form(space, child) == child
    genes = {(x.kind, x.width) for x in (*a.blocks, *b.blocks)}
    assert {(x.kind, x.width) for x in child.blocks} <= genes
    assert child == in_canonical_form(space, replace(a, blocks=child.blocks))


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_crossover_with_itself_can_give_itself(seed):
    space = LayerwiseSpace((28, 28, 1), 10, Limits(min_blocks=2, max_blocks=2))
    arch = space.sample(np.random.default_rng(seed))
    children = {space.crossover(arch, arch, np.random.default_rng([seed, i])) for i in range(40)}
    assert arch in children


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
