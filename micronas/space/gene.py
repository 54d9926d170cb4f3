"""A gene, declared once: its options, where it applies, how it is drawn and what one step changes.

JSON and its checks, drawing, one-step changes, canonical form and the tokens of a controller are derived from
these declarations (``genome``, ``genome_grammar``). A space adds the meaning of its genes in the network and
their correlations.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeAlias, TypeVar

import numpy as np

from micronas.errors import SpaceError
from micronas.space.widths import near_widths
from micronas.trial import Json

Value: TypeAlias = int | float | str | Enum
"""A gene's value; a flag is a ``bool``, which is an ``int``."""

Steps: TypeAlias = Callable[[Value, tuple[Value, ...]], Iterable[Value]]
"""(value, options) -> the options that one step reaches; they may include the value itself."""

Draw: TypeAlias = Callable[[np.random.Generator, tuple[Value, ...]], Value]

R = TypeVar("R")

MANY = 8
"""Maximum number of options listed in messages."""


def every(value: Value, options: tuple[Value, ...]) -> Iterable[Value]:
    """Steps: to any option."""
    return options


def others(value: Value, options: tuple[Value, ...]) -> Iterable[Value]:
    """Steps: to any option except the current one."""
    return (option for option in options if option != value)


def near(value: Value, options: tuple[Value, ...]) -> Iterable[Value]:
    """Steps of a width: the next ones, and some between half and twice as large."""
    widths = tuple(option for option in options if isinstance(option, int))
    return near_widths(value, widths) if isinstance(value, int) else ()


def evenly(rng: np.random.Generator, options: tuple[Value, ...]) -> Value:
    """Draws: all options are equally likely."""
    return options[int(rng.integers(len(options)))]


def smallest_with(share: float) -> Draw:
    """Draws: the first option in the given share, else any option."""

    def draw(rng: np.random.Generator, options: tuple[Value, ...]) -> Value:
        return options[0] if rng.random() < share else evenly(rng, options)

    return draw


def set_with(share: float) -> Draw:
    """Draws: the last of two options, or ``True`` for a flag, in the given share; a single option needs no
    draw.
    """

    def draw(rng: np.random.Generator, options: tuple[Value, ...]) -> Value:
        return options[-1] if len(options) > 1 and rng.random() < share else options[0]

    return draw


def in_proportion(rng: np.random.Generator, options: tuple[Value, ...]) -> Value:
    """Draws: numeric options, each with a probability proportional to its value."""
    sizes = np.array([option for option in options if isinstance(option, int)])
    return int(rng.choice(sizes, p=sizes / sizes.sum()))


def everywhere(record: object) -> bool:
    """Applies: in all records."""
    return True


@dataclass(frozen=True)
class Gene(Generic[R]):
    """One gene of records of type ``R``, with the name of their field.

    ``options`` are ascending. If ``applies`` is false, the value must be ``off``; without ``off``, it may be
    anything, and it is the first option in canonical form. An ``opt_in`` gene with a single option is treated
    as not declared: it is in no JSON, token or step, so a space without the gene does not change when the
    gene is introduced.
    """

    name: str
    options: tuple[Value, ...]
    applies: Callable[[R], bool] = everywhere
    off: Value | None = None
    steps: Steps = every
    draw: Draw = evenly
    opt_in: bool = False

    @property
    def inactive(self) -> Value:
        """Its value where it does not apply."""
        return self.options[0] if self.off is None else self.off

    @property
    def is_declared(self) -> bool:
        """See ``opt_in``."""
        return len(self.options) > 1 or not self.opt_in

    def allowed(self, record: R) -> tuple[Value, ...]:
        """Its allowed values in ``record``."""
        return self.options if self.off is None or self.applies(record) else (self.off,)

    def settled(self, value: Value, record: R) -> Value:
        """``value`` if it is an option and applies in ``record``, else the canonical one."""
        if not self.applies(record):
            return self.inactive
        return value if value in self.options else self.options[0]

    def drawn(self, rng: np.random.Generator) -> Value:
        """A random option."""
        return self.draw(rng, self.options)

    def read(self, raw: Json, path: str) -> Value:
        """The value from JSON; raises ``SpaceError`` with path, value and the allowed values."""
        return _one_of(raw, path, tuple(dict.fromkeys((*self.options, self.inactive))))

    def check(self, value: Value, record: R, path: str) -> None:
        """Raises ``SpaceError`` unless ``value`` is allowed in ``record``."""
        _one_of(plain(value), path, self.allowed(record))


def plain(value: Value) -> Json:
    """A value as JSON."""
    return str(value.value) if isinstance(value, Enum) else value


def _one_of(raw: Json, path: str, allowed: tuple[Value, ...]) -> Value:
    # The type is compared too: to Python, True is 1 and 2.0 is 2.
    for value in allowed:
        if raw == plain(value) and type(raw) is type(plain(value)):
            return value
    raise SpaceError(f"{path}: {raw!r} is not one of {_in_words(allowed)}")


def _in_words(allowed: tuple[Value, ...]) -> str:
    """The values, or range and step for many evenly spaced whole numbers."""
    numbers = [value for value in allowed if isinstance(value, int)]
    steps = {b - a for a, b in itertools.pairwise(numbers)}
    if len(numbers) == len(allowed) > MANY and len(steps) == 1:
        return f"{numbers[0]} to {numbers[-1]} in steps of {steps.pop()}"
    return ", ".join(dict.fromkeys(str(plain(value)) for value in allowed))
