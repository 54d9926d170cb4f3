"""All genes of a space: single items, chains of variable length and rows of fixed slots, with their
traversal.

``Genome`` reads, writes and checks architectures and yields their one-step changes; ``genome_grammar``
derives tokens. Architectures are frozen dataclasses with a field per part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Generic, TypeAlias, TypeVar

import numpy as np

from micronas.errors import SpaceError
from micronas.space.architecture import Arch
from micronas.space.gene import Gene, Value
from micronas.space.gene_group import GeneGroup, object_with
from micronas.trial import Json

A = TypeVar("A", bound=Arch)
T = TypeVar("T")

NO_ORDER: Mapping[str, Sequence[str]] = MappingProxyType({})


@dataclass(frozen=True)
class One:
    """One item, in the field ``name``; ``genes`` are those of ``GeneGroup.for_parts``, as in all parts."""

    name: str
    genes: GeneGroup[object]


@dataclass(frozen=True)
class Chain:
    """``min_items`` to ``max_items`` similar items, in a tuple in the field ``name``.

    With ``shared_tokens``, a controller uses the same tokens for all items, otherwise separate ones for every
    position.
    """

    name: str
    genes: GeneGroup[object]
    min_items: int
    max_items: int
    shared_tokens: bool = True


@dataclass(frozen=True)
class Row:
    """As many items as ``fixed`` has entries: values given per slot. At least ``min_kept`` of them are kept.

    The first gene decides whether an item is kept; the others apply only to kept items.
    """

    name: str
    genes: GeneGroup[object]
    fixed: tuple[Mapping[str, Value], ...]
    min_kept: int


Part: TypeAlias = One | Chain | Row


@dataclass(frozen=True)
class Genome(Generic[A]):
    """The parts of architectures of type ``make``."""

    make: type[A]
    parts: tuple[Part, ...]

    def to_json(self, arch: A) -> Json:
        """``{"stem": {...}, "blocks": [{...}]}`` with the names of parts and genes as keys."""
        return {
            part.name: part.genes.to_json(items[0])
            if isinstance(part, One)
            else [part.genes.to_json(item) for item in items]
            for part, items in self.items(arch)
        }

    def from_json(self, data: Json) -> A:
        """The raw architecture from JSON; raises ``SpaceError`` with the gene's path and allowed values."""
        raw = object_with(data, "architecture", {part.name for part in self.parts})
        arch = self.make(**{part.name: _read(part, raw[part.name]) for part in self.parts})
        self.check(arch)
        return arch

    def check(self, arch: A) -> None:
        """Raises ``SpaceError`` for the first gene, or number of items, that is not allowed."""
        for part, items in self.items(arch):
            if isinstance(part, Chain):
                _check_count(part, len(items))
            for place, item in enumerate(items):
                part.genes.check(item, _path(part, place))
            if isinstance(part, Row):
                _check_row(part, items)

    def items(self, arch: Arch) -> Iterator[tuple[Part, Sequence[object]]]:
        """Each part with its items in ``arch``."""
        for part in self.parts:
            found: object = getattr(arch, part.name)
            yield part, ((found,) if isinstance(part, One) else _several(found))

    def steps(self, arch: A, first: Mapping[str, Sequence[str]] = NO_ORDER) -> Iterator[Iterator[A]]:
        """Raw neighbours, by part and gene that changes, in the order of the declaration.

        ``first`` names, by part, genes that come before the others. The space decides whether an item of a
        row is kept.
        """
        for part, items in self.items(arch):
            genes = part.genes.genes[1:] if isinstance(part, Row) else part.genes.genes
            order = {name: i for i, name in enumerate(first.get(part.name, ()))}
            for gene in sorted(genes, key=lambda gene: order.get(gene.name, len(order))):
                yield _steps(arch, part, items, gene)


def _steps(arch: A, part: Part, items: Sequence[object], gene: Gene[object]) -> Iterator[A]:
    for place, item in enumerate(items):
        for other in part.genes.steps(item, gene):
            yield with_item(arch, part, place, other)


def with_item(arch: A, part: Part, place: int, item: object) -> A:
    """``arch`` with another item at ``place`` of ``part``."""
    if isinstance(part, One):
        return _with(arch, part.name, item)
    items = _several(getattr(arch, part.name))
    return _with(arch, part.name, (*items[:place], item, *items[place + 1 :]))


def _several(found: object) -> tuple[object, ...]:
    assert isinstance(found, tuple), "a chain or a row is a tuple of items"
    return found


def _with(arch: A, name: str, value: object) -> A:
    changed: A = replace(arch, **{name: value})  # type: ignore[type-var]
    return changed


def longer(chain: Chain, items: tuple[T, ...], place: int, item: T) -> tuple[T, ...] | None:
    """``items`` with one more at ``place``, or None if the chain is full."""
    return (*items[:place], item, *items[place:]) if len(items) < chain.max_items else None


def shorter(chain: Chain, items: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    """``items`` without each of them in turn, if the chain may be shorter."""
    if len(items) > chain.min_items:
        for place in range(len(items)):
            yield (*items[:place], *items[place + 1 :])


def spliced(chain: Chain, a: tuple[T, ...], b: tuple[T, ...], rng: np.random.Generator) -> tuple[T, ...]:
    """First items of ``a``, last items of ``b``: one cut in each, for an allowed length."""
    cuts = [
        (i, j)
        for i in range(len(a) + 1)
        for j in range(len(b) + 1)
        if chain.min_items <= i + len(b) - j <= chain.max_items
    ]
    i, j = cuts[rng.integers(len(cuts))]
    return (*a[:i], *b[j:])


def _read(part: Part, raw: Json) -> object:
    if isinstance(part, One):
        return part.genes.from_json(raw, part.name)
    if not isinstance(raw, list):
        raise SpaceError(f"{part.name}: {raw!r} is not a list")
    _check_count(part, len(raw))
    return tuple(part.genes.from_json(item, _path(part, place)) for place, item in enumerate(raw))


def _path(part: Part, place: int) -> str:
    return part.name if isinstance(part, One) else f"{part.name}[{place}]"


def _check_count(part: Chain | Row, count: int) -> None:
    least, most = (part.min_items, part.max_items) if isinstance(part, Chain) else (len(part.fixed),) * 2
    if not least <= count <= most:
        allowed = f"{least} to {most}" if least < most else f"{least}"
        raise SpaceError(f"{part.name}: {count}, the space has {allowed}")


def _check_row(part: Row, items: Sequence[object]) -> None:
    _check_count(part, len(items))
    kept = part.genes.genes[0]
    for place, (item, fixed) in enumerate(zip(items, part.fixed, strict=True)):
        for name, value in fixed.items():
            if part.genes.values(item)[name] != value:
                found = part.genes.values(item)[name]
                raise SpaceError(f"{_path(part, place)}.{name}: {found!r} is not one of {value}")
    if sum(bool(part.genes.values(item)[kept.name]) for item in items) < part.min_kept:
        raise SpaceError(f"{part.name}: fewer than {part.min_kept} are kept")
