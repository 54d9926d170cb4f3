"""Labels as people store them: numbers from 0 or from 1, names, one-hot rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import Labels
from micronas.data.samples import name_some
from micronas.data.sources.membership import numbered
from micronas.errors import DataError

Array = npt.NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class ClassLabels:
    """Labels int64 (N,) from 0, the name of each, and what was done to the stored ones."""

    y: Labels
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def class_labels(path: Path, stored: Array, classes: Array | None) -> ClassLabels:
    """Labels of ``stored`` (N,) numbers or names, or (N, classes) one-hot; ``classes`` are names by number.

    Raises ``DataError`` for anything else, and for more labels than names.
    """
    named = None if classes is None else numbered_names(path, classes)
    if stored.ndim == 2:
        return _from_one_hot(path, stored, named)
    if stored.ndim != 1:
        raise DataError(f"{path}: labels have shape {stored.shape}", remedy="store one label per sample")
    if stored.dtype.kind in "US":
        return _from_names(path, stored, named)
    return _from_numbers(path, _whole(path, stored), named)


def numbered_names(path: Path, classes: Array) -> tuple[str, ...]:
    """The class names of an array; raises ``DataError`` for duplicates."""
    names = tuple(value.decode() if isinstance(value, bytes) else str(value) for value in classes.tolist())
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataError(
            f"{path}: duplicate class names: {', '.join(doubled)}",
            remedy="give every class a different name",
        )
    return names


def _from_one_hot(path: Path, stored: Array, named: tuple[str, ...] | None) -> ClassLabels:
    rows = stored.astype(np.float64) if stored.dtype.kind in "biuf" else np.zeros(stored.shape)
    if not (np.isin(rows, (0, 1)).all() and (rows.sum(axis=1) == 1).all()):
        wrong = np.flatnonzero((rows.sum(axis=1) != 1) | ~np.isin(rows, (0, 1)).all(axis=1))
        raise DataError(
            f"{path}: labels of shape {stored.shape} are not one-hot: row {wrong[0]} is {stored[wrong[0]]}",
            remedy="store one whole number per sample, or rows with a single 1",
        )
    found = _from_numbers(path, rows.argmax(axis=1), named or tuple(str(i) for i in range(rows.shape[1])))
    return ClassLabels(found.y, found.names, (f"one-hot labels read as {len(found.names)} classes",))


def _from_names(path: Path, stored: Array, named: tuple[str, ...] | None) -> ClassLabels:
    """Without a list of names the classes are sorted."""
    index, found = numbered(stored)
    if named is None:
        return ClassLabels(index, found)
    unknown = [name for name in found if name not in named]
    if unknown:
        raise DataError(
            f"{path}: labels {name_some(unknown)} are not among the class names {name_some(list(named))}"
        )
    order = np.array([named.index(name) for name in found])
    return ClassLabels(order[index].astype(np.int64), named)


def _whole(path: Path, stored: Array) -> Labels:
    if stored.dtype.kind in "biu":
        return stored.astype(np.int64)
    if stored.dtype.kind == "f" and np.isfinite(stored).all() and (stored == np.rint(stored)).all():
        return stored.astype(np.int64)
    raise DataError(
        f"{path}: labels must be whole numbers, names or one-hot rows, not {stored.dtype}",
        remedy="number the classes from 0 and store them as integers; to predict numbers, name the array in "
        "data.options.target and not in y",
        settings=("data.options.target",),
    )


def _from_numbers(path: Path, y: Labels, named: tuple[str, ...] | None) -> ClassLabels:
    """Labels 1..K with K names, or without names, are counted from 0."""
    least, most = (int(y.min()), int(y.max())) if len(y) else (0, -1)
    from_one = least == 1 and (named is None or most == len(named))
    names = named or tuple(str(i) for i in range(least if from_one else 0, most + 1))
    if from_one:
        return ClassLabels(y - 1, names, (f"labels 1 to {most} count from 1: class 0 is {names[0]!r}",))
    return ClassLabels(y, names)
