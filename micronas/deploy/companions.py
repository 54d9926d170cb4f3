"""What a search writes beside a network: its front end, the names of its outputs, and its model card."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from micronas.data import Task
from micronas.errors import ModelError, plural
from micronas.model.front_end import FILE_NAME, FrontEndFile, from_json

LABELS_NAME = "labels.txt"
_CARD_NAMES = ("model_card.json", "model_card.md")


@dataclass(frozen=True)
class OutputNames:
    """The name of each output, in order; or none, and ``why_none`` if a file has some that do not apply."""

    names: tuple[str, ...] = ()
    why_none: str = ""


def front_end_beside(model: object) -> FrontEndFile | None:
    """``front_end.json`` in the folder of ``model``; None if there is none, or ``model`` is not a file.

    Raises ``ModelError`` for a file that is damaged or of another version.
    """
    path = _beside(model, FILE_NAME)
    if path is None:
        return None
    text = _text(path, remedy="take the file that the search wrote, or remove it")
    try:
        return from_json(json.loads(text), str(path))
    except ValueError as error:
        raise ModelError(
            f"{path} cannot be read: {error}", remedy="take the file that the search wrote, or remove it"
        ) from error


def labels_beside(model: object, outputs: int, front_end: FrontEndFile | None) -> OutputNames:
    """The names of the ``outputs`` in ``labels.txt`` in the folder of ``model``, else in ``front_end``.

    None of a network whose outputs are not classes. Raises ``ModelError`` for another number of names.
    """
    path = _beside(model, LABELS_NAME)
    if front_end is not None and front_end.task != Task.CLASSIFY.value:
        why = f"the outputs are not classes: {FILE_NAME} has the task {front_end.task}"
        return OutputNames(why_none=f"{LABELS_NAME} is not used, because {why}" if path else "")
    names: tuple[str, ...] = ()
    if front_end is not None and front_end.labels:
        where = str(_beside(model, FILE_NAME) or FILE_NAME)
        names = _one_each(front_end.labels, outputs, where, "take the file of the same run, or remove it")
    if path is None:
        return OutputNames(names)
    own = "write one name per line, in the order of the outputs, or remove the file to export without names"
    text = _text(path, remedy=own, errors="surrogateescape")
    return OutputNames(_one_each(tuple(text.splitlines()), outputs, str(path), own))


def model_card_beside(model: object) -> dict[str, str]:
    """File name -> text of the model card in the folder of ``model``, if it has one.

    Raises ``ModelError`` for a file that cannot be read.
    """
    paths = [path for name in _CARD_NAMES if (path := _beside(model, name)) is not None]
    return {
        path.name: _text(path, remedy="take the file that the search wrote, or remove it") for path in paths
    }


def _one_each(names: tuple[str, ...], outputs: int, where: str, remedy: str) -> tuple[str, ...]:
    if len(names) == outputs:
        return names
    empty = sum(not name.strip() for name in names)
    raise ModelError(
        f"{where} has {plural(len(names), 'name')}{f', {empty} of them empty,' if empty else ''} "
        f"for {plural(outputs, 'output')} of the network",
        remedy=remedy,
    )


def _beside(model: object, name: str) -> Path | None:
    """``name`` in the folder of ``model``, if anything is there, be it unreadable."""
    path = Path(model).parent / name if isinstance(model, str | Path) else None
    return path if path is not None and os.path.lexists(path) else None


def _text(path: Path, *, remedy: str, errors: str = "strict") -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors=errors)
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ModelError(f"{path} cannot be read: {what}", remedy=remedy) from error
