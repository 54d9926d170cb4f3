"""The source ``npz``: samples from a NumPy ``.npz`` file, by the names of its arrays."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig
from micronas.data.anomalies import against_normal
from micronas.data.copies import fingerprints
from micronas.data.dataset import DataKind, Floats, FrontEnd
from micronas.data.front_end.bands import bands_to_channels
from micronas.data.front_end.clips import levelled, spectrograms
from micronas.data.front_end.options import FRONT_END_OPTIONS, front_end_of, input_range_of
from micronas.data.npz_file import read_arrays
from micronas.data.samples import RawReader, Samples
from micronas.data.sources.npz_labels import ClassLabels, class_labels
from micronas.data.sources.options import read, read_choice, read_positive, refuse_unknown
from micronas.data.targets import array_targets, as_regression, target_option
from micronas.data.value_range import power_of_two_above, robust_range
from micronas.errors import DataError, plural

Arrays: TypeAlias = dict[str, npt.NDArray[np.generic]]

AUDIO = "audio"
ROLES = ("x", "y", "classes", "groups", "fold", "keep")
OPTIONS = (
    *("target", "unit", "kind", "normal", "normalise", "level", "rate_hz", "hop_s", "bands_as_channels"),
    *ROLES,
    *FRONT_END_OPTIONS,
)


def load_own_npz(config: DataConfig) -> Samples:
    """Options x, y, classes, groups, fold and keep name arrays; docs/guides/data.md explains all options.

    So does ``target``, in place of y: numbers to predict.

    ``kind: audio`` takes clips int16 (N, samples) of ``rate_hz``, which become log-mel spectrograms.
    """
    options = config.options
    refuse_unknown("npz", options, OPTIONS)
    kind = read_choice(options, "kind", (*(kind.value for kind in DataKind), AUDIO), "image")
    path = require_path(config)
    arrays = read_arrays(path)
    roles = _roles(config)
    _require_arrays(path, arrays, roles)
    chosen = _chosen(path, arrays, roles)
    target, unit = target_option(options)
    if target:
        labels = ClassLabels(np.zeros(len(chosen), np.int64), ())
    else:
        labels = class_labels(
            path, arrays[roles["y"]][chosen], arrays[roles["classes"]] if "classes" in roles else None
        )
    x, front_end, low_high = _inputs(config, path, arrays[roles["x"]][chosen], kind)
    left_out = len(arrays[roles["x"]]) - len(chosen)
    samples = Samples(
        name=path.stem,
        kind=DataKind.SPECTROGRAM if kind == AUDIO else DataKind(kind),
        x=x,
        y=labels.y,
        class_names=labels.names,
        input_range=low_high,
        front_end=front_end,
        groups=arrays[roles["groups"]][chosen] if "groups" in roles else None,
        fold=arrays[roles["fold"]][chosen] if "fold" in roles else None,
        origins=tuple(str(i) for i in chosen) if left_out else (),
        normalise=read(options, "normalise", bool, False) if "normalise" in options else None,
        fingerprints=fingerprints(arrays[roles["x"]][chosen]) if kind == AUDIO else (),
        raw=_raw_clips(path, roles["x"], chosen) if kind == AUDIO else None,
        sample_s=_sample_s(config, arrays[roles["x"]], kind),
        notes=(
            *([f"{plural(left_out, 'sample')} excluded by {roles['keep']!r}"] if left_out else []),
            *labels.notes,
        ),
    )
    samples = _with_bands(config, samples)
    if target:
        return as_regression(samples, array_targets(path, target, arrays[target][chosen]), target, unit)
    normal = read(options, "normal", str, "")
    return against_normal(samples, normal) if normal else samples


def require_path(config: DataConfig) -> Path:
    """The configured path, environment variables such as ``$MICRONAS_DATA`` replaced by their values.

    Raises ``DataError`` if there is none, or if a variable is not set.
    """
    if config.path is None:
        raise DataError(
            f"data source {config.name!r} needs a path",
            remedy="set data.path in the configuration",
            settings=("data.path",),
        )
    expanded = os.path.expanduser(os.path.expandvars(config.path))
    if "$" in expanded:
        raise DataError(
            f"data.path {str(config.path)!r} names an environment variable that is not set",
            remedy="export it, or write the folder into data.path",
            settings=("data.path",),
        )
    return Path(expanded)


def _roles(config: DataConfig) -> dict[str, str]:
    """Role -> name of its array."""
    given = {role: read(config.options, role, str, "") for role in ROLES if role in config.options}
    target, _ = target_option(config.options)
    return {"x": "x", **({"target": target} if target else {"y": "y"}), **given}


def _require_arrays(path: Path, arrays: Arrays, roles: dict[str, str]) -> None:
    missing = [name for name in roles.values() if name not in arrays]
    if missing:
        raise DataError(
            f"{path} lacks {', '.join(map(repr, missing))}; its arrays: {', '.join(arrays) or 'none'}",
            remedy="data.options names the arrays: x, y or target, classes, groups, fold, keep",
            settings=tuple(f"data.options.{role}" for role, name in roles.items() if name in missing),
        )
    per_sample = {name for role, name in roles.items() if role not in ("classes", "keep")}
    lengths = {name: len(arrays[name]) if arrays[name].ndim else 0 for name in sorted(per_sample)}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        raise DataError(
            f"{path}: arrays differ in length: {counts}",
            remedy="labels, groups and folds need one entry per sample",
        )


def _chosen(path: Path, arrays: Arrays, roles: dict[str, str]) -> npt.NDArray[np.int64]:
    """Numbers of the samples to use: ``keep`` is a mask (true or false per sample) or an array of numbers."""
    count = len(arrays[roles["x"]])
    if "keep" not in roles:
        return np.arange(count)
    name = roles["keep"]
    keep = arrays[name]
    is_mask = keep.shape == (count,) and bool(np.isin(keep, (0, 1)).all())
    if is_mask:
        return np.flatnonzero(keep)
    if keep.ndim != 1 or not np.issubdtype(keep.dtype, np.integer):
        raise DataError(
            f"{path}: {name!r} ({keep.dtype}, shape {keep.shape}) does not select from {count:,} samples",
            remedy="store true or false per sample, or the numbers of the samples to use, from 0",
        )
    numbers = np.unique(keep.astype(np.int64))
    if len(numbers) and not 0 <= numbers[0] <= numbers[-1] < count:
        raise DataError(
            f"{path}: {name!r} selects samples {numbers[0]} to {numbers[-1]}, outside 0 to {count - 1}",
            remedy="store true or false per sample, or the numbers of the samples to use, from 0",
        )
    return numbers


def _inputs(
    config: DataConfig, path: Path, raw: npt.NDArray[np.generic], kind: str
) -> tuple[Floats, FrontEnd, tuple[float, float] | None]:
    """Inputs, front end, and the range that the type promises, if it promises one."""
    if kind == AUDIO:
        return _audio(config, path, raw)
    for option in ("rate_hz", "level", *FRONT_END_OPTIONS):
        if option in config.options:
            raise DataError(f"data option {option!r} is for kind audio, not {kind}")
    scale = _scale(config, path, raw)
    x = raw.astype(np.float32) * np.float32(scale)
    if x.ndim == 3:
        # (N, time, channels) of a sensor, otherwise (N, height, width) with one channel
        x = x[:, :, np.newaxis, :] if kind == DataKind.STREAM.value else x[..., np.newaxis]
    # The bytes of a stream are counts, whose channels may have different spreads.
    promised = (0.0, 1.0) if raw.dtype == np.uint8 and kind != DataKind.STREAM.value else None
    if raw.dtype == np.uint8 and kind == DataKind.IMAGE.value and x.ndim == 4 and x.shape[-1] in (1, 3):
        height, width, channels = x.shape[1:]
        sizes = {"height": height, "width": width, "channels": channels}
        return x, FrontEnd("image", 1, {**sizes, "divide_by": 255}), promised
    return x, FrontEnd("scale", 1, {"scale": scale, "offset": 0.0}), promised


def _scale(config: DataConfig, path: Path, raw: npt.NDArray[np.generic]) -> float:
    """uint8 becomes 0..1, other integers fractions of the power of two that they reach; floats stay."""
    if raw.dtype == np.uint8:
        return 1 / 255
    if raw.dtype in (np.int8, np.int16):
        return 1 / power_of_two_above(*robust_range(raw))
    if np.issubdtype(raw.dtype, np.floating):
        return 1.0
    raise DataError(
        f"{path}: inputs {config.options.get('x', 'x')!r} are {raw.dtype}; use uint8, int8, int16 or float"
    )


def _audio(
    config: DataConfig, path: Path, raw: npt.NDArray[np.generic]
) -> tuple[Floats, FrontEnd, tuple[float, float] | None]:
    rate = read(config.options, "rate_hz", int, 0)
    if raw.ndim != 2 or raw.dtype != np.int16 or rate <= 0:
        raise DataError(
            f"{path}: kind audio needs int16 clips (samples, values) and data.options.rate_hz; "
            f"x is {raw.dtype} of shape {raw.shape}, rate_hz {rate}",
            remedy="store 16-bit samples, one row per clip, and give their rate, for example rate_hz: 16000",
            settings=("data.options.rate_hz",),
        )
    front = front_end_of(config.options, rate)
    level = read_choice(config.options, "level", ("none", "peak"), "none")
    clips = levelled(raw) if level == "peak" else raw.astype(np.int16)
    described = replace(front.front_end, parameters={**front.front_end.parameters, "level": level})
    return spectrograms(clips, front), described, input_range_of(front)


def _sample_s(config: DataConfig, x: npt.NDArray[np.generic], kind: str) -> float | None:
    """The seconds from one sample to the next; clips follow each other if nothing is said."""
    if hop_s := read_positive(config.options, "hop_s", 0.0):
        return hop_s
    return x.shape[1] / read(config.options, "rate_hz", int, 0) if kind == AUDIO else None


def _raw_clips(path: Path, name: str, chosen: npt.NDArray[np.int64]) -> RawReader:
    """Reads clip i, int16 (samples,); the file is read again when the first is wanted."""
    found: list[npt.NDArray[np.generic]] = []

    def read_clip(number: int) -> npt.NDArray[np.generic]:
        if not found:
            found.append(read_arrays(path)[name])
        return np.asarray(found[0][chosen[number]], np.int16)

    return read_clip


def _with_bands(config: DataConfig, samples: Samples) -> Samples:
    if not read(config.options, "bands_as_channels", bool, False):
        return samples
    if samples.kind is not DataKind.SPECTROGRAM:
        raise DataError("data option 'bands_as_channels' is for spectrograms and audio")
    return bands_to_channels(samples)
