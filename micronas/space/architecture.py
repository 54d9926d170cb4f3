"""The interface of the architectures of all spaces."""

from __future__ import annotations

from typing import Protocol


class Arch(Protocol):
    """A genotype: immutable, equal to others by value, and hashable. Each space has its own class.

    Everything else (JSON, the network, neighbours, a key) comes from the space, which refuses architectures
    of other spaces.
    """

    def __hash__(self) -> int:
        """Equal for equal architectures."""
        ...

    def __eq__(self, other: object) -> bool:
        """Whether all genes are equal."""
        ...
