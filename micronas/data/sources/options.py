"""Options of a data source: typed access, and an error for unknown options."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import TypeVar

from micronas.errors import DataError

T = TypeVar("T", str, int, bool)
_KINDS = {str: "a text", int: "a whole number", bool: "true or false"}


def refuse_unknown(source: str, options: Mapping[str, object], known: tuple[str, ...]) -> None:
    """Raise ``DataError`` that names every option of ``options`` outside ``known``."""
    unknown = sorted(set(options) - set(known))
    if not unknown:
        return
    near = difflib.get_close_matches(unknown[0], known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"it knows: {', '.join(known) or 'no options'}"
    names = ", ".join(repr(name) for name in unknown)
    raise DataError(f"data source {source!r} has no such options: {names}", remedy=hint)


def read(options: Mapping[str, object], name: str, kind: type[T], default: T) -> T:
    """The option ``name``, or ``default``; raises ``DataError`` when it is not a ``kind``."""
    value = options.get(name, default)
    if type(value) is not kind:
        raise DataError(f"data option {name!r} must be {_KINDS[kind]}, not {value!r}")
    return value


def read_choice(options: Mapping[str, object], name: str, choices: tuple[str, ...], default: str) -> str:
    """The option ``name``, which must be one of ``choices``."""
    value = read(options, name, str, default)
    if value not in choices:
        raise DataError(f"data option {name!r} must be one of {', '.join(choices)}, not {value!r}")
    return value


def read_positive(options: Mapping[str, object], name: str, default: float) -> float:
    """The option ``name`` as a number above zero; ``default`` may be anything."""
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise DataError(f"data option {name!r} must be a number above 0, not {value!r}")
    return float(value)


def read_names(options: Mapping[str, object], name: str) -> tuple[str, ...]:
    """The option ``name`` as a list of names, or one name; empty if it is not given."""
    value = options.get(name, [])
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise DataError(f"data option {name!r} must be a list of names, not {value!r}")
    doubled = sorted({item for item in value if value.count(item) > 1})
    if doubled:
        raise DataError(f"data option {name!r} lists {', '.join(doubled)} more than once")
    return tuple(value)
