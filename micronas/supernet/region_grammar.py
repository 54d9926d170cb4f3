"""A supernet's region as tokens: one per free gene."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from micronas.space import Arch
from micronas.space.grammar import Choose


class RegionGrammar:
    """Tokens of genes with ``sizes`` options each; ``repaired`` maps the genes into the region.

    Genes with one option have no token.
    """

    def __init__(
        self, sizes: tuple[int, ...], repaired: Callable[[tuple[int, ...]], tuple[int, ...]]
    ) -> None:
        self._sizes, self._repaired = sizes, repaired
        self._free = tuple(i for i, size in enumerate(sizes) if size > 1)

    @property
    def slots(self) -> tuple[int, ...]:
        """See ``Grammar``."""
        return tuple(self._sizes[i] for i in self._free)

    def emit(self, choose: Choose) -> tuple[int, ...]:
        """See ``Grammar``."""
        genes = [0] * len(self._sizes)
        for slot, i in enumerate(self._free):
            genes[i] = choose(slot, (True,) * self._sizes[i])
        return self._repaired(tuple(genes))

    def indices(self, arch: Arch) -> Iterator[int]:
        """See ``Grammar``."""
        if not isinstance(arch, tuple) or len(arch) != len(self._sizes):
            raise ValueError(f"{arch!r} are not genes of this region")
        return (int(arch[i]) for i in self._free)
