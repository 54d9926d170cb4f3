"""From a path to the configuration of its data: which source reads it, and by which names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig
from micronas.config.data import Option
from micronas.data.npz_file import read_arrays
from micronas.data.sources import audio_file, csv_table, image_file
from micronas.data.sources.image_size import common_shape
from micronas.data.sources.window_files import SIGNALS, UCI_RATE_HZ, uci_signals
from micronas.errors import DataError

_INPUTS = ("x", "inputs", "images", "windows", "data", "features")
_LABELS = ("y", "labels", "label", "targets", "target", "activity", "class")
_CLASSES = ("classes", "class_names", "names", "label_names")
_TARGETS = ("target", "targets", "y", "value", "label", "labels")
_GROUPS = ("groups", "group", "speaker", "person", "subject", "recording", "user")
_TIMES = ("time", "timestamp", "t", "seconds", "time_s", "datetime", "date")
Arrays = Mapping[str, npt.NDArray[np.generic]]
_NONE: Mapping[str, Option] = {}


class Kind(Enum):
    """What a user has: the choices of ``micronas init --task``."""

    IMAGES = "images"
    AUDIO = "audio"
    SENSOR = "sensor"
    ANOMALY = "anomaly"
    REGRESSION = "regression"


_SOURCES = {
    Kind.IMAGES: "image_folder",
    Kind.AUDIO: "audio_folder",
    Kind.SENSOR: "csv",
    Kind.REGRESSION: "csv",
}
_FILES = {
    Kind.IMAGES: "images",
    Kind.AUDIO: "recordings",
    Kind.SENSOR: "CSV data",
    Kind.REGRESSION: "CSV data",
}
_BUILT_IN = {Kind.IMAGES: "mnist5k", Kind.ANOMALY: "vibration", Kind.REGRESSION: "walking_speed"}
_NPZ_KINDS = {
    Kind.IMAGES: "image",
    Kind.AUDIO: "spectrogram",
    Kind.SENSOR: "stream",
    Kind.ANOMALY: "stream",
}
_YOURS = {
    Kind.AUDIO: "name your own: --data FOLDER with one folder of recordings per class",
    Kind.SENSOR: "name your own: --data FILE.csv, a folder of CSV files, or FILE.npz",
}


def built_in(kind: Kind) -> DataConfig:
    """Data that come with micronas; raises ``DataError`` for kinds of which there are none."""
    if kind not in _BUILT_IN:
        raise DataError(f"micronas has no {kind.value} data built in", remedy=_YOURS[kind])
    return DataConfig(name=_BUILT_IN[kind])


def recognise(path: Path, kind: Kind | None = None, given: Mapping[str, Option] = _NONE) -> DataConfig:
    """How to read ``path``: a folder of images, recordings or CSV files, a CSV file, or an ``.npz`` file.

    Without ``kind`` the shape of an array decides. ``given`` options take precedence over what is found.
    Raises ``DataError`` for anything else.
    """
    found = _recognise(path, kind, given)
    return found.model_copy(update={"options": {**found.options, **given}})


def _recognise(path: Path, kind: Kind | None, given: Mapping[str, Option]) -> DataConfig:
    if path.is_dir():
        return _folder(path, kind, given)
    if not path.exists():
        raise DataError(f"data not found: {path}", remedy="name a folder, a CSV file or an .npz file")
    if path.suffix == ".npz":
        return _npz(path, kind, given)
    if path.suffix.lower() in csv_table.SUFFIXES:
        if kind in (Kind.IMAGES, Kind.AUDIO):
            raise _other_kind(path, kind, Kind.SENSOR)
        return DataConfig(name="csv", path=path, options=_csv_options([path], kind, given))
    raise DataError(
        f"{path}: only folders, CSV files and .npz files are recognised",
        remedy="give a folder with one folder per class, or numpy.savez(FILE, x=inputs, y=class_numbers)",
    )


def _folder(path: Path, kind: Kind | None, given: Mapping[str, Option]) -> DataConfig:
    """The source of ``kind``, or the one that reads most of the folder's files."""
    if (path / "testing_list.txt").is_file() and (path / "validation_list.txt").is_file():
        return DataConfig(name="speech_commands", path=path)
    if kind in (None, Kind.SENSOR) and (signals := uci_signals(path)):
        return DataConfig(name="csv", path=path, options={SIGNALS: signals, "rate_hz": UCI_RATE_HZ})
    listed = [p for p in sorted(path.rglob("*")) if p.is_file() and not p.name.startswith(".")]
    suffixes = Counter(p.suffix.lower() for p in listed)
    known = {
        "image_folder": image_file.SUFFIXES,
        "audio_folder": audio_file.SUFFIXES,
        "csv": csv_table.SUFFIXES,
    }
    counts = {name: sum(suffixes[s] for s in kinds) for name, kinds in known.items()}
    wanted = _SOURCES.get(kind) if kind else None
    name = wanted or max(counts, key=lambda source: counts[source])
    if wanted and kind and not counts[wanted] and any(counts.values()):
        most = max(counts, key=lambda source: counts[source])
        raise _other_kind(path, kind, next(k for k, source in _SOURCES.items() if source == most))
    if not counts[name]:
        raise DataError(
            f"{path} has no images, recordings or CSV files",
            remedy="put the files of each class into a separate folder",
        )
    files = [p for p in listed if p.suffix.lower() in known[name]]
    options: dict[str, Option] = {}
    if name == "image_folder":
        options = _image_options(files)
    elif name == "csv":
        options = _csv_options(files, kind, given)
    if kind is Kind.ANOMALY:
        options["normal"] = _normal_folder(path)
    return DataConfig(name=name, path=path, options=options)


def _other_kind(path: Path, wanted: Kind, found: Kind) -> DataError:
    return DataError(
        f"{path} holds {_FILES[found]}, not {_FILES[wanted]}",
        remedy=f"use --task {found.value}, or leave it out",
    )


def _image_options(files: Sequence[Path]) -> dict[str, Option]:
    height, width, channels = common_shape(files)
    return {"height": height, "width": width, "channels": channels}


def _csv_options(files: Sequence[Path], kind: Kind | None, given: Mapping[str, Option]) -> dict[str, Option]:
    """Columns for labels, persons and time, found by their names in the header."""
    path, header = _header(files)
    if kind is Kind.REGRESSION:
        return _csv_target_options(path, header, given)
    found = {
        "label": _column(header, _LABELS),
        "groups": _column(header, _GROUPS),
        "time": _column(header, _TIMES),
    }
    options: dict[str, Option] = {key: name for key, name in found.items() if name is not None}
    if kind is Kind.ANOMALY:
        options["normal"] = "normal"
    return options


def _header(files: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """The first file whose header can be read, and its columns; loading names the other files."""
    refusal: DataError | None = None
    for path in files:
        try:
            return path, csv_table.header_of(path)
        except DataError as error:
            refusal = refusal or DataError(
                f"{path}: {error.message}",
                remedy="name a CSV file with a line per sample, as text in columns",
            )
    assert refusal is not None
    raise refusal


def _csv_target_options(
    path: Path, header: tuple[str, ...], given: Mapping[str, Option]
) -> dict[str, Option]:
    target = _column(header, _TARGETS)
    if target is None and "target" not in given:
        raise DataError(
            f"{path}: no column of targets among {', '.join(header)}",
            remedy="set data.options.target to the column of the numbers to predict",
            settings=("data.options.target",),
        )
    named = {"target": target, "groups": _column(header, _GROUPS), "time": _column(header, _TIMES)}
    return {key: name for key, name in named.items() if name is not None}


def _column(header: tuple[str, ...], names: tuple[str, ...]) -> str | None:
    lower = {column.lower(): column for column in header}
    return next((lower[name] for name in names if name in lower), None)


def _normal_folder(path: Path) -> str:
    """The class folder called normal or good, otherwise the first, which the user is asked to look at."""
    names = sorted({p.parent.name for p in path.rglob("*") if p.is_file()})
    return next((name for name in names if name.lower() in ("normal", "good", "ok")), names[0])


def _npz(path: Path, kind: Kind | None, given: Mapping[str, Option]) -> DataConfig:
    arrays = read_arrays(path)
    regression = kind is Kind.REGRESSION
    answers = "target" if regression else "y"
    x = _given(arrays, given, "x") or _first(arrays, _INPUTS) or _largest(arrays)
    y = _given(arrays, given, answers) or _first(arrays, _TARGETS if regression else _LABELS)
    if x is None or y is None:
        raise DataError(
            f"{path}: inputs or labels not found among {', '.join(arrays) or 'no arrays'}",
            remedy=f"set data.options.x and data.options.{answers} to the names of these arrays",
            settings=("data.options.x", f"data.options.{answers}"),
        )
    found = {"x": x, "y": y, "classes": _first(arrays, _CLASSES), "groups": _first(arrays, _GROUPS)}
    options: dict[str, Option] = {
        "kind": _NPZ_KINDS[kind] if kind in _NPZ_KINDS else _kind_by_shape(arrays[x])
    }
    if regression:
        found = {"x": x, "target": y, "groups": found["groups"]}
    options |= {key: name for key, name in found.items() if name is not None and (name != key or key in "xy")}
    options |= {key: key for key, name in found.items() if name == key and key not in "xy"}
    if kind is Kind.ANOMALY:
        options["normal"] = _normal(arrays, found["classes"])
    return DataConfig(name="npz", path=path, options=options)


def _given(arrays: Arrays, given: Mapping[str, Option], key: str) -> str | None:
    name = given.get(key)
    return name if isinstance(name, str) and name in arrays else None


def _first(arrays: Arrays, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in arrays), None)


def _largest(arrays: Arrays) -> str | None:
    candidates = [name for name, values in arrays.items() if values.ndim >= 2]
    return max(candidates, key=lambda name: arrays[name].size, default=None)


def _kind_by_shape(x: npt.NDArray[np.generic]) -> str:
    """Bytes in planes are images; three axes of anything else are channels over time."""
    return "image" if x.ndim == 4 or x.dtype == np.uint8 else "stream"


def _normal(arrays: Arrays, classes: str | None) -> str:
    """The first class, which the user is asked to look at."""
    return str(arrays[classes][0]) if classes else "0"
