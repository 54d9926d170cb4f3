"""The grammar derived from a space's declarations.

One token per gene that applies and has more than one option, in the order of the declaration. A chain that
may be longer has an end token in addition to the options of its first gene. Slots are numbered part by part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from micronas.space.architecture import Arch
from micronas.space.gene import Value
from micronas.space.genome import Chain, Genome, One, Part, Row
from micronas.space.grammar import Choose

A = TypeVar("A", bound=Arch)

Pick = Callable[[int, tuple[bool, ...]], int]


class GenomeGrammar(Generic[A]):
    """Tokens of ``genome``; ``canonical`` brings the result into canonical form."""

    def __init__(self, genome: Genome[A], canonical: Callable[[A], A]) -> None:
        self._genome, self._canonical = genome, canonical
        self._first: dict[str, int] = {}
        slots: list[int] = []
        for part in genome.parts:
            self._first[part.name] = len(slots)
            slots += _slots_of(part)
        self._slots = tuple(slots)

    @property
    def slots(self) -> tuple[int, ...]:
        """See ``Grammar``."""
        return self._slots

    def emit(self, choose: Choose) -> A:
        """See ``Grammar``; a chain's end is valid from its minimum length on, and has no token at its
        maximum.
        """
        items = {part.name: self._items(part, choose) for part in self._genome.parts}
        found = {
            p.name: items[p.name][0] if isinstance(p, One) else items[p.name] for p in self._genome.parts
        }
        return self._canonical(self._genome.make(**found))

    def indices(self, arch: Arch) -> Iterator[int]:
        """See ``Grammar``."""
        for part, items in self._genome.items(arch):
            for place, item in enumerate(items):
                values = part.genes.values(item)
                for gene in part.genes.genes:
                    needed = gene.name not in _fixed(part, place) and gene.applies(item)
                    if needed and _choices(part, gene.name) > 1:
                        yield gene.options.index(values[gene.name])
            if isinstance(part, Chain) and len(items) < part.max_items:
                yield len(part.genes.genes[0].options)

    def _items(self, part: Part, choose: Choose) -> tuple[object, ...]:
        places = (
            part.max_items if isinstance(part, Chain) else len(part.fixed) if isinstance(part, Row) else 1
        )
        items: list[object] = []
        for _ in range(places):
            item = self._item(part, items, choose)
            if item is None:
                break
            items.append(item)
        return tuple(items)

    def _item(self, part: Part, before: Sequence[object], choose: Choose) -> object | None:
        """The next item of a part, or None for its end."""
        place, group = len(before), part.genes
        slot = self._first[part.name] + _first_slot(part, place)
        values: dict[str, Value] = dict(_fixed(part, place))
        for number, gene in enumerate(group.genes):
            if gene.name in values:
                continue
            valid = _valid(part, before) if number == 0 else (True,) * len(gene.options)
            if not gene.applies(group.first(values)):
                values[gene.name] = gene.inactive
            elif len(valid) == 1:
                values[gene.name] = gene.options[0]
            elif (index := choose(slot + number, valid)) < len(gene.options):
                values[gene.name] = gene.options[index]
            else:
                return None
        item: object = group.settled(group.made(values))
        return item


def _slots_of(part: Part) -> list[int]:
    """Sizes of a part's slots."""
    one = [_choices(part, gene.name) for gene in part.genes.genes]
    return one * _groups(part)


def _groups(part: Part) -> int:
    if isinstance(part, Row):
        return len(part.fixed)
    return part.max_items if isinstance(part, Chain) and not part.shared_tokens else 1


def _first_slot(part: Part, place: int) -> int:
    return len(part.genes.genes) * place if _groups(part) > 1 else 0


def _choices(part: Part, name: str) -> int:
    """Options of a gene, and the end of a chain at its first."""
    ends = isinstance(part, Chain) and name == part.genes.genes[0].name
    return len(part.genes.gene(name).options) + ends


def _fixed(part: Part, place: int) -> Mapping[str, Value]:
    return part.fixed[place] if isinstance(part, Row) else {}


def _valid(part: Part, before: Sequence[object]) -> tuple[bool, ...]:
    """The valid options of an item's first gene: a chain may end, and an item of a row may be left out."""
    options = part.genes.genes[0].options
    if isinstance(part, Chain):
        return (*(True for _ in options), len(before) >= part.min_items)
    if isinstance(part, One):
        return (True,) * len(options)
    kept = part.genes.genes[0].name
    to_come = len(part.fixed) - len(before) - 1
    enough = sum(bool(part.genes.values(item)[kept]) for item in before) + to_come >= part.min_kept
    return tuple(bool(option) or enough for option in options)
