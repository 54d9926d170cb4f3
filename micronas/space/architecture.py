"""What the architectures of all spaces can do."""

from __future__ import annotations

from typing import Protocol


class Arch(Protocol):
    """A genotype: immutable, equal to others by value, and hashable. Each space has its own class.

    All else (JSON, the network, neighbours, a key) is asked of the space, which refuses those of others.
    """

    def __hash__(self) -> int:
        """Equal for equal architectures."""
        ...

    def __eq__(self, other: object) -> bool:
        """Whether all genes are equal."""
        ...
