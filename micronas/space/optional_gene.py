"""Genes that a configuration switches on. One field of a genotype's record declares all of one gene:

    dilation: int = optional(1, (2, 4), "dilated depthwise kernels", applies=_has_depthwise)

Its key in ``space:`` with its checks and description, the options of a search space, JSON, drawing, mutation
and tokens follow from the declaration, and so do the pages of reference and the lists of the tests. Without
its key, a gene has its default and changes no JSON, key or random stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TypeAlias, TypeVar

from micronas.space.gene import Draw, Gene, Steps, Value, evenly, every, everywhere

R = TypeVar("R")
V = TypeVar("V", bound=Value)

Options: TypeAlias = Mapping[str, tuple[Value, ...]]
"""Configuration key -> the options of its gene, default first. A gene that is missing has its default."""

_DECLARED = "gene"


@dataclass(frozen=True)
class OptionalGene:
    """The declaration of an optional gene: its field's ``name``, its configuration ``key`` and its meaning.

    ``every_option`` starts with the default. ``gradual`` genes act as a lower option on small planes, so a
    list of options has no gaps. ``in_all_json`` marks genes of the first run format, which writes them even
    if they are switched off.
    """

    name: str
    key: str
    every_option: tuple[Value, ...]
    description: str
    applies: Callable[[object], bool]
    steps: Steps
    draw: Draw
    gradual: bool
    in_all_json: bool

    def gene_of(self, record: type[R], options: Options) -> Gene[R]:
        """The gene of ``record`` in a space with these ``options``."""
        default = self.every_option[0]
        return Gene(
            self.name,
            options.get(self.key, (default,)),
            self.applies,
            off=default,
            steps=self.steps,
            draw=self.draw,
            opt_in=not self.in_all_json,
        )


def optional(
    default: V,
    others: tuple[V, ...],
    description: str,
    *,
    key: str | None = None,
    applies: Callable[[R], bool] = everywhere,
    steps: Steps = every,
    draw: Draw = evenly,
    gradual: bool = False,
    in_all_json: bool = False,
) -> V:
    """The field of an optional gene: ``default``, or one of ``others`` if its ``key`` is set.

    ``key`` is the field's name if it is absent; ``description`` is the key's text in the reference. See
    ``Gene`` for ``applies``, ``steps`` and ``draw``, and ``OptionalGene`` for the flags. Where the gene does
    not apply, it has its default.
    """
    declared = (key, (default, *others), description, applies, steps, draw, gradual, in_all_json)
    return field(default=default, metadata={_DECLARED: declared})


def declared_in(*records: type[object]) -> Iterator[OptionalGene]:
    """The optional genes of frozen dataclasses, in the order of their fields."""
    for record in records:
        for found in fields(record):  # type: ignore[arg-type]
            if _DECLARED in found.metadata:
                key, *rest = found.metadata[_DECLARED]
                yield OptionalGene(found.name, key or found.name, *rest)


def optional_genes(record: type[R], options: Options) -> tuple[Gene[R], ...]:
    """The optional genes of ``record`` in a space with these ``options``."""
    return tuple(declared.gene_of(record, options) for declared in declared_in(record))
