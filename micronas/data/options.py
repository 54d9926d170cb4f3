"""Options of a data source: typed access, and an error for unknown options."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypeVar

from micronas.errors import DataError

T = TypeVar("T", str, int, bool)


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
        raise DataError(f"data option {name!r} must be a {kind.__name__}, not {value!r}")
    return value
