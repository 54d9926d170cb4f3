"""An architecture as a sequence of choices: what a controller that writes them needs to know of a space."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from micronas.space.architecture import Arch

Choose: TypeAlias = Callable[[int, tuple[bool, ...]], int]
"""(slot, which of its choices are valid here) -> the index of the choice taken."""


@dataclass(frozen=True)
class Token:
    """One choice made: the slot, what was valid, and what was taken."""

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
        """The choices that ``emit`` would have to be given for ``arch``; ``ValueError`` if there are none."""
        ...


def encode(grammar: Grammar, arch: Arch) -> tuple[Token, ...]:
    """The sequence of ``arch``; raises ``ValueError`` where it holds a value that no token stands for."""
    taken, sequence = grammar.indices(arch), list[Token]()

    def replay(slot: int, valid: tuple[bool, ...]) -> int:
        index = next(taken)
        if not valid[index]:
            raise ValueError(f"choice {index} of slot {slot} is not valid here")
        sequence.append(Token(slot, valid, index))
        return index

    grammar.emit(replay)
    return tuple(sequence)
