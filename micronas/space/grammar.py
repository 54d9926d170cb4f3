"""An architecture as a sequence of choices: the interface of a space for a controller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from micronas.space.architecture import Arch

Choose: TypeAlias = Callable[[int, tuple[bool, ...]], int]
"""(slot, mask of its valid choices) -> the index of the selected choice."""


@dataclass(frozen=True)
class Token:
    """One choice: the slot, the valid options, and the selected one."""

    slot: int
    valid: tuple[bool, ...]
    index: int


class Grammar(Protocol):
    """The grammar of a space."""

    @property
    def slots(self) -> tuple[int, ...]:
        """Number of choices of each slot."""
        ...

    def emit(self, choose: Choose) -> Arch:
        """Build an architecture by asking ``choose`` once per token, in order."""
        ...

    def indices(self, arch: Arch) -> Iterator[int]:
        """The choices that make ``emit`` return ``arch``; raises ``ValueError`` if there are none."""
        ...


def encode(grammar: Grammar, arch: Arch) -> tuple[Token, ...]:
    """The sequence of ``arch``; raises ``ValueError`` if it has a value without a token."""
    taken, sequence = grammar.indices(arch), list[Token]()

    def replay(slot: int, valid: tuple[bool, ...]) -> int:
        index = next(taken)
        if not valid[index]:
            raise ValueError(f"choice {index} of slot {slot} is not valid here")
        sequence.append(Token(slot, valid, index))
        return index

    grammar.emit(replay)
    return tuple(sequence)
