"""Where the data of a run are, after the run or the working folder was moved.

A configuration may name its data relative to the folder in which the search was started. A run therefore
keeps their place twice: as an absolute path, and relative to the run folder, which still holds if both were
moved together. Whether the data are the same is checked by their digest (``resume``), not by their path.
"""

from __future__ import annotations

import os
from pathlib import Path

from micronas.config import SearchConfig
from micronas.errors import DataError
from micronas.store import Store
from micronas.trial import Json

DATA_PLACE = "data_place"
"""Fact of a run: ``absolute`` path of its data, and the same one ``from_run``, relative to the run folder."""


def place_of(path: Path | None, run: Path) -> Json:
    """The fact for data at ``path``; None if it does not exist, as with generated data."""
    found = None if path is None else _expanded(path)
    if found is None or not found.exists():
        return None
    absolute = found.absolute()
    try:
        from_run = os.path.relpath(absolute.resolve(), run.resolve())
    except ValueError:  # on another drive (Windows)
        return {"absolute": str(absolute)}
    return {"absolute": str(absolute), "from_run": from_run}


def with_data_found(config: SearchConfig, store: Store) -> SearchConfig:
    """``config`` with ``data.path`` where the data of the run are now.

    Raises ``DataError`` with every path that was tried if they are at none of them. A path that never was a
    file or folder, or that a run of an earlier version did not keep, stays as it is.
    """
    typed = config.data.path
    kept = store.optional_fact(DATA_PLACE)
    if typed is None or not isinstance(kept, dict):
        return config
    tried = _candidates(typed, kept, store.folder)
    for path in tried:
        if path.exists():
            return _at(config, path)
    raise DataError(
        f"the data of run {store.folder.name} are missing; not found: {', '.join(map(str, tried))}",
        remedy="put them at one of these paths, or give their new path: "
        "`micronas search --resume RUN --set data.path=PATH`",
    )


def data_moved(store: Store, path: Path) -> None:
    """Keep the new place of a run's data; raises ``DataError`` if nothing is at ``path``."""
    place = place_of(path, store.folder)
    if place is None:
        raise DataError(
            f"data.path {path}: no such file or folder",
            remedy="give the path of the run's data",
            settings=("data.path",),
        )
    store.amend({DATA_PLACE: place})


def _candidates(typed: Path, kept: dict[str, Json], run: Path) -> list[Path]:
    """In the order in which they are likely to be the data with which the run began."""
    absolute, from_run = kept.get("absolute"), kept.get("from_run")
    paths = [Path(absolute)] if isinstance(absolute, str) else []
    paths.append(_expanded(typed).absolute())
    if isinstance(from_run, str):
        paths.append(Path(os.path.normpath(run.resolve() / from_run)))
    return list(dict.fromkeys(paths))


def _at(config: SearchConfig, path: Path) -> SearchConfig:
    typed = config.data.path
    if typed is not None and _expanded(typed).absolute() == path:
        return config
    return config.model_copy(update={"data": config.data.model_copy(update={"path": path})})


def _expanded(path: Path) -> Path:
    return Path(os.path.expanduser(os.path.expandvars(path)))
