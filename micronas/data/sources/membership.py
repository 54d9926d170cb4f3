"""Which samples belong together: names of any type become numbers; patterns find groups in file names."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from micronas.errors import DataError

Labels = npt.NDArray[np.int64]

GROUP_NAMES = ("group", "subject", "speaker", "person", "recording")
"""Names that a pattern may give to the part of a file name that identifies the group."""


def numbered(values: npt.ArrayLike) -> tuple[Labels, tuple[str, ...]]:
    """The number of each value (N,) in the sorted list of distinct values, and that list as text.

    ``["bob", "amy", "bob"]`` -> ``[1, 0, 1], ("amy", "bob")``. Missing values (None, NaN) are one group.
    """
    array = np.asarray(values)
    if array.dtype == object:
        array = np.asarray(["" if value is None else str(value) for value in array])
    distinct, index = np.unique(array, return_inverse=True)
    return index.reshape(array.shape).astype(np.int64), tuple(_text(value) for value in distinct)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def compiled(option: str, pattern: str) -> re.Pattern[str]:
    """``pattern`` as a regular expression; ``DataError`` names the data option if it is not one."""
    try:
        return re.compile(pattern)
    except re.error as error:
        raise DataError(
            f"data option {option!r}: {pattern!r} is not a regular expression: {error}",
            remedy="an example: '(?P<group>[^_/]+)_' matches what is before the first underscore",
        ) from error


def groups_by_pattern(names: Sequence[str], pattern: str) -> npt.NDArray[np.str_]:
    """The group of each file name: what the pattern's named group (``GROUP_NAMES``) matches, else its first.

    Raises ``DataError`` that names the files that do not match, or a pattern without a group.
    """
    expression = compiled("groups", pattern)
    if not expression.groups:
        raise DataError(
            f"data option 'groups': {pattern!r} has no group in parentheses",
            remedy="put the part of the file name that identifies the speaker or person in parentheses",
        )
    key = next((name for name in GROUP_NAMES if name in expression.groupindex), 1)
    found = [expression.search(name) for name in names]
    missed = [name for name, match in zip(names, found, strict=True) if match is None]
    if missed:
        raise no_match("groups", pattern, missed)
    return np.asarray([match[key] or "" for match in found if match is not None])


def no_match(option: str, pattern: str, missed: Sequence[str]) -> DataError:
    """The refusal of file names that a pattern does not match."""
    shown = ", ".join(missed[:5]) + (f" and {len(missed) - 5} more" if len(missed) > 5 else "")
    return DataError(
        f"data option {option!r}: {pattern!r} matches no part of: {shown}",
        remedy="change the pattern to match names like these; '/' separates folders",
    )
