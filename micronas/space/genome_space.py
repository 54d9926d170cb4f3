"""A space whose genes are declared: JSON, checks and tokens follow from the declaration."""

from __future__ import annotations

from typing import TypeVar

from micronas.model.net import Net
from micronas.space.architecture import Arch
from micronas.space.base import TypedSpace
from micronas.space.genome import Genome
from micronas.space.genome_grammar import GenomeGrammar
from micronas.trial import Json

A = TypeVar("A", bound=Arch)


class GenomeSpace(TypedSpace[A]):
    """See ``TypedSpace``; ``genome`` declares the genes, ``build`` defines their meaning."""

    genome: Genome[A]

    def build(self, arch: A) -> Net:
        """The network of an architecture whose genes are allowed."""
        raise NotImplementedError

    def write(self, arch: A) -> Json:
        """Genes by name."""
        return self.genome.to_json(arch)

    def read(self, data: Json) -> A:
        """See ``TypedSpace``."""
        return self.genome.from_json(data)

    def decode(self, arch: A) -> Net:
        """See ``TypedSpace``."""
        self.genome.check(arch)
        return self.build(arch)

    def grammar(self) -> GenomeGrammar[A]:
        """See ``Space``."""
        return GenomeGrammar(self.genome, self._in_form)
