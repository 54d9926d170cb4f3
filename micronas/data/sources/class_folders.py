"""Files in class folders, ``root/CLASS/...``, or in parts first: ``root/train/CLASS/...``, ``root/test/...``.

Listings are sorted, so labels and splits are the same on every system; hidden folders and files are ignored.
All other files are listed, never deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from micronas.config import DataConfig
from micronas.data.dataset import Labels
from micronas.data.samples import name_some
from micronas.data.sources.npz import require_path
from micronas.data.sources.options import read_names
from micronas.data.split import TEST, TRAIN, VALIDATION
from micronas.errors import DataError, plural

PART_NAMES = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "dev": VALIDATION,
    "test": TEST,
    "testing": TEST,
}
"""Names of folders, in lower case, that hold a prepared part."""


@dataclass(frozen=True)
class ClassFile:
    """One file: ``name`` is its path from the root with ``/``; ``part`` is TRAIN without such a layout."""

    path: Path
    name: str
    class_name: str
    part: int


@dataclass(frozen=True)
class ClassFiles:
    """All files of a known kind; ``left_out`` names the others. ``has_parts`` if the layout is a split."""

    root: Path
    class_names: tuple[str, ...]
    files: tuple[ClassFile, ...]
    left_out: tuple[str, ...]
    has_parts: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, and whether the split is the folder's."""
        left = len(self.left_out)
        return (
            *(
                [f"{plural(left, 'file')} of other kinds skipped: {name_some(list(self.left_out))}"]
                if left
                else []
            ),
            *([f"the split is that of the folders ({self._part_counts()})"] if self.has_parts else []),
        )

    def _part_counts(self) -> str:
        names = {TRAIN: "training", VALIDATION: "validation", TEST: "test"}
        counts = Counter(file.part for file in self.files)
        return ", ".join(f"{counts[part]:,} {names[part]} files" for part in sorted(counts))

    def labels(self, files: list[ClassFile]) -> Labels:
        """Labels int64 (N,) of ``files``."""
        number = {name: i for i, name in enumerate(self.class_names)}
        return np.array([number[file.class_name] for file in files], np.int64)

    def parts(self, files: list[ClassFile]) -> Labels | None:
        """The prepared part of each of ``files``; None if the layout has none."""
        return np.array([file.part for file in files], np.int64) if self.has_parts else None


def none_readable(root: Path, what: str, bad: list[str]) -> DataError:
    """The refusal of a folder all of whose files are ``bad``: there is nothing that could be skipped."""
    return DataError(
        f"{root}: none of the {what} can be read: {name_some(bad)}", remedy="repair or replace these files"
    )


def class_files(config: DataConfig, suffixes: frozenset[str], what: str) -> ClassFiles:
    """All files with one of ``suffixes`` (in lower case) below the class folders of ``config.path``.

    ``what`` names the kind of file in messages, such as "images". The option ``classes`` chooses class
    folders. Raises ``DataError`` for a missing folder, and names every class folder without such files.
    """
    root = require_path(config)
    if not root.is_dir():
        raise DataError(
            f"no such folder: {root}",
            remedy="set data.path to a folder with one subfolder per class; for data in another form, "
            "`micronas init --data PATH` finds the source",
            settings=("data.path",),
        )
    parts = _part_folders(root)
    chosen = read_names(config.options, "classes")
    folders = [
        (part, path) for base, part in parts or [(root, TRAIN)] for path, part in _classes(base, part, chosen)
    ]
    files = [f for part, path in folders for f in _files(root, path, part, suffixes)]
    left_out = [
        *(path.relative_to(root).as_posix() for path in _loose(root, parts)),
        *(
            p.relative_to(root).as_posix()
            for _, path in folders
            for p in _walk(path)
            if p.suffix.lower() not in suffixes
        ),
    ]
    found = ClassFiles(
        root=root,
        class_names=chosen or tuple(sorted({path.name for _, path in folders})),
        files=tuple(files),
        left_out=tuple(left_out),
        has_parts=bool(parts),
    )
    _refuse_empty(found, suffixes, what, chosen)
    return found


def _part_folders(root: Path) -> list[tuple[Path, int]]:
    """The folders of a train/test layout; empty if ``root`` holds classes."""
    folders = _folders(root)
    parts = [(path, PART_NAMES[path.name.lower()]) for path in folders if path.name.lower() in PART_NAMES]
    is_layout = any(part == TRAIN for _, part in parts) and len(parts) > 1
    return parts if is_layout and all(_folders(path) for path, _ in parts) else []


def _classes(base: Path, part: int, chosen: tuple[str, ...]) -> Iterator[tuple[Path, int]]:
    for path in _folders(base):
        if not chosen or path.name in chosen:
            yield path, part


def _folders(path: Path) -> list[Path]:
    return sorted(
        (p for p in path.iterdir() if p.is_dir() and not p.name.startswith(".")), key=lambda p: p.name
    )


def _walk(folder: Path) -> list[Path]:
    """Every file below ``folder`` without hidden ones, sorted by its path."""
    found = (p for p in folder.rglob("*") if p.is_file())
    visible = (p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts))
    return sorted(visible, key=lambda p: p.relative_to(folder).as_posix())


def _files(root: Path, folder: Path, part: int, suffixes: frozenset[str]) -> Iterator[ClassFile]:
    for path in _walk(folder):
        if path.suffix.lower() in suffixes:
            yield ClassFile(path, path.relative_to(root).as_posix(), folder.name, part)


def _loose(root: Path, parts: list[tuple[Path, int]]) -> list[Path]:
    """Files beside the class folders, whose class is unknown."""
    bases = [root, *(path for path, _ in parts)]
    return [p for base in bases for p in sorted(base.iterdir()) if p.is_file() and not p.name.startswith(".")]


def _refuse_empty(found: ClassFiles, suffixes: frozenset[str], what: str, chosen: tuple[str, ...]) -> None:
    root = found.root
    kinds = ", ".join(sorted(suffixes))
    there = sorted({file.class_name for file in found.files})
    if chosen and (
        gone := [name for name in chosen if not any(path.name == name for path in root.rglob(name))]
    ):
        raise DataError(f"{root}: data.options.classes lists folders that do not exist: {name_some(gone)}")
    if not found.class_names:
        raise DataError(
            f"{root} has no class folders", remedy=f"put the {what} of each class in a separate folder"
        )
    empty = [_empty_class(found, name) for name in found.class_names if name not in there]
    if empty:
        raise DataError(
            f"{root}: class folders without {what}: {name_some(empty)}",
            remedy=f"add or convert {what} ({kinds}), or list the folders to use in data.options.classes",
            settings=("data.options.classes",),
        )


def _empty_class(found: ClassFiles, name: str) -> str:
    """``eel (2 files of other kinds: .heic, .txt)``."""
    others = [path for path in found.left_out if name in path.split("/")[:-1]]
    if not others:
        return f"{name} (empty)"
    kinds = ", ".join(sorted({Path(path).suffix or "no suffix" for path in others}))
    return f"{name} ({plural(len(others), 'file')} of other kinds: {kinds})"
