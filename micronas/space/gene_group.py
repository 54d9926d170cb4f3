"""Groups of genes, such as those of a stem or a block: JSON, draws and steps of such items."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Generic, TypeVar, cast

import numpy as np

from micronas.errors import SpaceError
from micronas.space.gene import Gene, Value, plain
from micronas.trial import Json

R = TypeVar("R")


class GeneGroup(ABC, Generic[R]):
    """Items of type ``R`` and their declared genes, in the order of JSON and tokens.

    Whether a gene applies may depend on earlier genes.
    """

    def __init__(self, *genes: Gene[R]) -> None:
        self.genes = tuple(gene for gene in genes if gene.is_declared)

    @abstractmethod
    def values(self, item: R) -> dict[str, Value]:
        """Value by gene."""

    @abstractmethod
    def made(self, values: Mapping[str, Value]) -> R:
        """The item with these values, one for each gene."""

    @abstractmethod
    def to_json(self, item: R) -> Json:
        """The item as JSON."""

    @abstractmethod
    def from_json(self, raw: Json, path: str) -> R:
        """The item from JSON; raises ``SpaceError`` with the gene's path, its value and the allowed ones."""

    def for_parts(self) -> GeneGroup[object]:
        """This group for the parts of a genome, which hold items of several types.

        A genome passes to a group only items that the group made or that its own field holds.
        """
        return cast("GeneGroup[object]", self)

    def gene(self, name: str) -> Gene[R]:
        """The gene called ``name``."""
        return next(gene for gene in self.genes if gene.name == name)

    def first(self, values: Mapping[str, Value]) -> R:
        """An item with ``values`` and the first options of all other genes."""
        return self.settled(self._filled(values))

    def drawn(self, rng: np.random.Generator, values: Mapping[str, Value]) -> R:
        """An item with ``values``; all other genes are drawn in order, even if they do not apply."""
        missing = (gene for gene in self.genes if gene.name not in values)
        return self.settled(self.made({**values, **{gene.name: gene.drawn(rng) for gene in missing}}))

    def settled(self, item: R) -> R:
        """``item`` with canonical values for all genes that do not apply or have invalid values."""
        for gene in self.genes:
            values = self.values(item)
            settled = gene.settled(values[gene.name], item)
            if settled != values[gene.name]:
                item = self.made({**values, gene.name: settled})
        return item

    def steps(self, item: R, gene: Gene[R]) -> Iterator[R]:
        """Items after one step of ``gene``, if it applies; dependent genes are adjusted."""
        if not gene.applies(item):
            return
        values = self.values(item)
        for value in gene.steps(values[gene.name], gene.options):
            yield self.settled(self.made({**values, gene.name: value}))

    def check(self, item: R, path: str) -> None:
        """Raises ``SpaceError`` for the first gene whose value is not allowed."""
        values = self.values(item)
        for gene in self.genes:
            gene.check(values[gene.name], item, self.path(path, gene))

    def path(self, path: str, gene: Gene[R]) -> str:
        """The name of a gene of the item at ``path``, for messages."""
        return f"{path}.{gene.name}"

    def _filled(self, values: Mapping[str, Value]) -> R:
        return self.made({**{gene.name: gene.options[0] for gene in self.genes}, **values})


class RecordGenes(GeneGroup[R]):
    """Items are frozen dataclasses whose fields are the genes; undeclared fields keep their defaults."""

    def __init__(self, make: type[R], *genes: Gene[R]) -> None:
        super().__init__(*genes)
        self._make = make

    def values(self, item: R) -> dict[str, Value]:
        """See ``GeneGroup``."""
        return {gene.name: getattr(item, gene.name) for gene in self.genes}

    def made(self, values: Mapping[str, Value]) -> R:
        """See ``GeneGroup``."""
        return self._make(**values)

    def to_json(self, item: R) -> Json:
        """An object with the genes' names as keys."""
        return {name: plain(value) for name, value in self.values(item).items()}

    def from_json(self, raw: Json, path: str) -> R:
        """See ``GeneGroup``; exactly all genes are required."""
        genes = object_with(raw, path, {gene.name for gene in self.genes})
        return self.made({g.name: g.read(genes[g.name], self.path(path, g)) for g in self.genes})


class SingleGene(GeneGroup[int]):
    """Items are the values of one gene, which is a whole number."""

    def __init__(self, gene: Gene[int]) -> None:
        super().__init__(gene)

    def values(self, item: int) -> dict[str, Value]:
        """See ``GeneGroup``."""
        return {self.genes[0].name: item}

    def made(self, values: Mapping[str, Value]) -> int:
        """See ``GeneGroup``."""
        value = values[self.genes[0].name]
        assert isinstance(value, int)
        return value

    def to_json(self, item: int) -> Json:
        """The number."""
        return item

    def from_json(self, raw: Json, path: str) -> int:
        """See ``GeneGroup``."""
        return self.made({self.genes[0].name: self.genes[0].read(raw, path)})

    def path(self, path: str, gene: Gene[int]) -> str:
        """See ``GeneGroup``; there is only one gene at ``path``."""
        return path


def made_of(make: type[R], values: Mapping[str, object]) -> R:
    """A record of type ``make`` with ``values`` by the names of its fields."""
    return make(**values)


def changed(record: R, values: Mapping[str, object]) -> R:
    """``record`` with other ``values`` by the names of its fields."""
    other: R = replace(record, **values)  # type: ignore[type-var]
    return other


def object_with(raw: Json, path: str, names: set[str]) -> dict[str, Json]:
    """``raw`` as an object with exactly these keys; raises ``SpaceError`` that names those that differ."""
    if not isinstance(raw, dict):
        raise SpaceError(f"{path}: {raw!r} is not an object")
    if raw.keys() != names:
        raise SpaceError(f"{path}: missing or unknown genes: {', '.join(sorted(raw.keys() ^ names))}")
    return raw
