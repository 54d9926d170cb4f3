"""The section ``space`` of a configuration: the keys that all spaces share, and one key per optional gene.

The keys of genes follow from their declarations (``optional_gene``): nothing is added here for a new gene.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from micronas.space.cell.arch import CellArch
from micronas.space.gene import Value, plain
from micronas.space.layerwise.arch import Block, Head, Stem
from micronas.space.micronets.arch import SlotGenes
from micronas.space.optional_gene import OptionalGene, Options, declared_in
from micronas.trial import Json

RECORDS: Mapping[str, tuple[type[object], ...]] = {
    "layerwise": (Stem, Block, Head),
    "cell": (CellArch,),
    "micronets": (SlotGenes,),
}
"""Space -> the records of its genotype that may declare optional genes, in the order of the genome."""


def genes_of(space: str) -> tuple[OptionalGene, ...]:
    """The optional genes of a space by its name; none of spaces without ``RECORDS``."""
    return tuple(declared_in(*RECORDS.get(space, ())))


def every_option(space: str) -> Options:
    """All optional genes of a space switched on, with all their options."""
    return {gene.key: gene.every_option for gene in genes_of(space)}


class SharedSpaceKeys(BaseModel):
    """The networks that the strategy may propose. What the ranges mean depends on the space.

    Genes of one space are off by default. ``true`` lets the search choose among all values of the gene; a
    list limits the choice. The first value is the default, which every list must contain.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(default="layerwise", description="search space, or your own as `module:Name`")
    min_blocks: int = Field(default=2, ge=1, description="minimum number of blocks, cells or hidden layers")
    max_blocks: int = Field(
        default=6, ge=1, le=24, description="maximum number of blocks, cells or hidden layers"
    )
    min_width: int = Field(default=4, ge=4, multiple_of=4, description="minimum channels or units of a layer")
    max_width: int = Field(
        default=64, ge=4, le=512, multiple_of=4, description="maximum channels or units of a layer"
    )
    kernels: tuple[Literal[3, 5, 7], ...] = Field(
        default=(3, 5, 7), min_length=1, description="kernel sizes to choose from"
    )
    expansions: tuple[int, ...] = Field(
        default=(2, 3, 4, 6), min_length=1, description="expansion factors of inverted bottlenecks"
    )
    backbone: Literal["ds_cnn", "mobilenet_v2"] = Field(default="ds_cnn", description="micronets: skeleton")

    def gene_options(self) -> Options:
        """The options of the space's optional genes that are switched on."""
        chosen = {gene.key: _chosen(gene, getattr(self, gene.key)) for gene in genes_of(self.name)}
        return {key: options for key, options in chosen.items() if len(options) > 1}

    @model_validator(mode="after")
    def _ranges_are_not_empty(self) -> SharedSpaceKeys:
        if self.min_blocks > self.max_blocks:
            raise ValueError(f"min_blocks {self.min_blocks} is more than max_blocks {self.max_blocks}")
        if self.min_width > self.max_width:
            raise ValueError(f"min_width {self.min_width} is more than max_width {self.max_width}")
        return self

    @model_validator(mode="after")
    def _genes_are_of_the_space(self) -> SharedSpaceKeys:
        own = {gene.key for gene in genes_of(self.name)}
        for key, spaces in _SPACES_OF.items():
            if getattr(self, key) and key not in own:
                raise ValueError(f"{key} is a gene of {' and '.join(spaces)}, not of {self.name}")
        return self


def _chosen(gene: OptionalGene, value: bool | tuple[Json, ...]) -> tuple[Value, ...]:
    """The options that the value of a gene's key switches on, in the order of the declaration."""
    if isinstance(value, bool):
        return gene.every_option if value else gene.every_option[:1]
    return tuple(option for option in gene.every_option if plain(option) in value)


def _checked(gene: OptionalGene) -> Callable[[Json], Json]:
    """What reads the value of a gene's key: true, false, or a list of options with the default among them."""
    options = [plain(option) for option in gene.every_option]

    def check(raw: Json) -> Json:
        if isinstance(raw, bool):
            return raw
        listed = raw if isinstance(raw, list | tuple) and not any(isinstance(v, bool) for v in raw) else []
        known = [option for option in options if option in listed]
        if len(known) < len(listed) or options[0] not in known:
            some = ", ".join(map(str, options[1:]))
            raise ValueError(f"must be true, false or a list of {options[0]} and some of {some}, not {raw!r}")
        if gene.gradual and known != options[: len(known)]:
            full = options[: options.index(known[-1]) + 1]
            turned = f"small planes turn {full[-1]} into {full[-2]}"
            raise ValueError(f"must not skip a value: {turned}; use {full}, not {raw!r}")
        return raw

    return check


def _key(gene: OptionalGene, spaces: tuple[str, ...]) -> tuple[object, object]:
    """Type and field of a gene's key."""
    kind: object = bool
    if not isinstance(gene.every_option[0], bool):
        options = tuple(plain(value) for value in gene.every_option)
        listed = tuple[Literal[options], ...]  # type: ignore[valid-type]
        kind = Annotated[bool | listed, BeforeValidator(_checked(gene))]
    return kind, Field(default=False, description=f"{', '.join(spaces)}: {gene.description}")


_GENES = {gene.key: gene for space in RECORDS for gene in genes_of(space)}
_SPACES_OF = {key: tuple(s for s in RECORDS if key in every_option(s)) for key in _GENES}

if TYPE_CHECKING:

    class SpaceConfig(SharedSpaceKeys):
        """``SharedSpaceKeys``, and a key per optional gene."""
else:
    SpaceConfig = create_model(
        "SpaceConfig",
        __base__=SharedSpaceKeys,
        __module__=__name__,
        __doc__=SharedSpaceKeys.__doc__,
        **{key: _key(gene, _SPACES_OF[key]) for key, gene in _GENES.items()},
    )
