"""Samples from a NumPy ``.npz`` file, by the names of its arrays.

``NpzLayout`` gives each array its role. presets.py holds the layouts of known files, and the source ``npz``
builds one from options, so that a user's own file needs no code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig
from micronas.data.anomalies import against_normal
from micronas.data.dataset import DataKind, Floats, FrontEnd, Labels
from micronas.data.logmel import LogMel, log_mel
from micronas.data.npz_file import read_arrays
from micronas.data.options import read, refuse_unknown
from micronas.data.samples import Samples
from micronas.data.value_range import power_of_two_above, robust_range
from micronas.errors import DataError, plural

Arrays: TypeAlias = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True)
class NpzLayout:
    """Names of arrays in the file, and the conversion of inputs: float32(x) * scale + offset.

    ``keep`` names a bool array of samples to use (the others are duplicates). ``groups`` keeps the samples of
    a speaker or recording in one part; ``fold`` alone decides the split. With ``front_end`` the inputs are
    int16 audio clips that become log-mel spectrograms instead.
    """

    kind: DataKind
    x: str = "x"
    y: str = "y"
    classes: str | None = None
    groups: str | None = None
    fold: str | None = None
    keep: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    low: float = 0.0
    high: float = 1.0
    front_end: LogMel | None = None


def load_own_npz(config: DataConfig) -> Samples:
    """The source ``npz``. Options: kind, x, y, classes, groups, fold, keep (names of arrays), and normal.

    ``normal`` names the class of normal samples: the task is then to detect the others as anomalies.
    """
    names = ("x", "y", "classes", "groups", "fold", "keep")
    refuse_unknown("npz", config.options, ("kind", "normal", *names))
    kinds = [kind.value for kind in DataKind]
    kind = read(config.options, "kind", str, "image")
    if kind not in kinds:
        raise DataError(f"data option 'kind' must be one of {', '.join(kinds)}, not {kind!r}")
    chosen: Any = {name: read(config.options, name, str, "") for name in names if name in config.options}
    path = require_path(config)
    samples = read_npz(path, path.stem, NpzLayout(kind=DataKind(kind), **chosen), own_scaling=True)
    normal = read(config.options, "normal", str, "")
    return against_normal(samples, normal) if normal else samples


def require_path(config: DataConfig) -> Path:
    """The configured path; raises ``DataError`` if there is none."""
    if config.path is None:
        raise DataError(
            f"data source {config.name!r} needs a path", remedy="set data.path in the configuration"
        )
    return config.path


def read_npz(path: Path, name: str, layout: NpzLayout, *, own_scaling: bool = False) -> Samples:
    """Read ``path`` according to ``layout``.

    ``own_scaling`` derives the scale from the array's type and values, and the range from the training split.
    """
    arrays = read_arrays(path)
    wanted = [layout.x, layout.y, layout.classes, layout.groups, layout.fold, layout.keep]
    _require_arrays(path, arrays, [n for n in wanted if n])
    keep = arrays[layout.keep].astype(bool) if layout.keep else np.ones(len(arrays[layout.x]), bool)
    y = arrays[layout.y][keep]
    if not np.issubdtype(y.dtype, np.integer):
        raise DataError(
            f"{path}: labels {layout.y!r} must be whole numbers, not {y.dtype}",
            remedy="number the classes from 0 and store them as integers",
        )
    labels = y.astype(np.int64)
    raw = arrays[layout.x][keep]
    if own_scaling:
        layout = _scaled(layout, raw, path)
    x, front_end = _inputs(raw, layout)
    dropped = int((~keep).sum())
    return Samples(
        name=name,
        kind=layout.kind,
        x=x,
        y=labels,
        class_names=_class_names(arrays, layout, labels),
        input_range=None if own_scaling and raw.dtype != np.uint8 else (layout.low, layout.high),
        front_end=front_end,
        groups=_labels(arrays, layout.groups, keep),
        fold=_labels(arrays, layout.fold, keep),
        notes=(f"{plural(dropped, 'sample')} left out by {layout.keep!r}",) if dropped else (),
    )


def _require_arrays(path: Path, arrays: Arrays, wanted: list[str]) -> None:
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise DataError(
            f"{path} lacks {', '.join(map(repr, missing))}; its arrays: {', '.join(arrays) or 'none'}"
        )
    lengths = {name: len(arrays[name]) for name in wanted[:2]}
    if len(set(lengths.values())) > 1:
        raise DataError(
            f"{path}: arrays differ in length: {lengths}", remedy="there must be one label per sample"
        )


def _scaled(layout: NpzLayout, raw: npt.NDArray[np.generic], path: Path) -> NpzLayout:
    """uint8 becomes 0..1, other integers fractions of the power of two that they reach; floats stay."""
    if raw.dtype == np.uint8:
        return replace(layout, scale=1 / 255)
    if raw.dtype in (np.int8, np.int16):
        return replace(layout, scale=1 / power_of_two_above(*robust_range(raw)))
    if np.issubdtype(raw.dtype, np.floating):
        return layout
    raise DataError(f"{path}: inputs {layout.x!r} are {raw.dtype}; use uint8, int8, int16 or float")


def _inputs(raw: npt.NDArray[np.generic], layout: NpzLayout) -> tuple[Floats, FrontEnd]:
    if layout.front_end is not None:
        return log_mel(_level(raw), layout.front_end), layout.front_end.front_end
    x = raw.astype(np.float32) * np.float32(layout.scale) + np.float32(layout.offset)
    if x.ndim == 3:
        # (N, time, channels) of a sensor, otherwise (N, height, width) with one channel
        x = x[:, :, np.newaxis, :] if layout.kind is DataKind.STREAM else x[..., np.newaxis]
    return x, FrontEnd("scale", 1, {"scale": layout.scale, "offset": layout.offset})


def _level(raw: npt.NDArray[np.generic]) -> npt.NDArray[np.int16]:
    """Clips normalised to one peak level, because loudness identifies the speaker and not the word."""
    clips = raw.astype(np.float32)
    peak = np.maximum(np.abs(clips).max(axis=1, keepdims=True), 1)
    levelled: npt.NDArray[np.int16] = np.round(clips * (16384 / peak)).astype(np.int16)
    return levelled


def _labels(arrays: Arrays, name: str | None, keep: npt.NDArray[np.bool_]) -> Labels | None:
    return arrays[name][keep].astype(np.int64) if name else None


def _class_names(arrays: Arrays, layout: NpzLayout, y: Labels) -> tuple[str, ...]:
    if layout.classes:
        return tuple(str(name) for name in arrays[layout.classes])
    return tuple(str(i) for i in range(int(y.max(initial=-1)) + 1))
