"""Architectures of the layer-wise space for tests: drawn evenly from all that its limits allow."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from micronas.space.genome import Chain
from micronas.space.layerwise import LayerwiseArch, LayerwiseSpace, Limits
from micronas.space.space_config import every_option

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


def raw_arch(draw_int, limits=LIMITS):
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
    return raw_arch(lambda low, high: draw(st.integers(low, high)))


def in_canonical_form(space, arch):
    return space.from_json(space.to_json(arch))
