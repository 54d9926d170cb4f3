"""``front_end.json``: what must travel with a network so that a device can feed it and read its answers.

A search writes it beside ``model.tflite``; an export reads it, generates C from it and repeats it in
``manifest.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from micronas.errors import ModelError
from micronas.model.front_end.definition import FrontEnd, Parameter
from micronas.model.front_end.target import RegressionTarget, target_from_json
from micronas.trial import Json

FILE_NAME = "front_end.json"
FORMAT = 1
TARGET = "target"
"""The key of a regression's target; missing for other tasks."""

UNITS = {
    "logmel": "16-bit PCM samples of one channel",
    "mfcc": "16-bit PCM samples of one channel",
    "micro": "16-bit PCM samples of one channel",
    "stream": "values of each column, in the units of the CSV file",
    "scale": "values as stored in the array",
}
"""What one raw sample is, by the name of the front end."""

PACKAGED = "grey"
"""Name of the front end of the packaged digits: as ``image``, but a search reserves nothing for it."""
PICTURES = ("image", PACKAGED)
"""Names of the front ends of 8-bit pictures."""

RAW_TYPES = {
    **dict.fromkeys(("logmel", "mfcc", "micro"), "<i2"),
    **dict.fromkeys(("stream", "scale"), "<f4"),
    **dict.fromkeys(PICTURES, "u1"),
}
"""NumPy's type of a raw sample on its way to a device, by the name of the front end."""


@dataclass(frozen=True)
class FrontEndFile:
    """The front end, the input that it makes, and the meaning of the outputs.

    ``input_shape`` is (height, width, channels); ``kind`` says what these are (image, spectrogram, stream).
    ``input_range`` (low, high) is that of the training inputs. ``task`` is classify, detect_anomalies or
    regress. ``thresholds`` are by name; empty if none was chosen. ``unknown`` are the labels that are no
    detection. ``target`` is what a regression predicts.
    """

    front_end: FrontEnd
    kind: str
    input_shape: tuple[int, ...]
    input_range: tuple[float, float]
    task: str
    labels: tuple[str, ...]
    thresholds: Mapping[str, float]
    unknown: tuple[str, ...] = ()
    target: RegressionTarget | None = None

    @property
    def unit(self) -> str:
        """What one raw sample is; empty for a front end of a user's own source."""
        if self.front_end.name in PICTURES:
            return f"pixels 0 to {self.front_end.parameters.get('divide_by', 255):g}"
        return UNITS.get(self.front_end.name, "")


def to_json(file: FrontEndFile) -> dict[str, Json]:
    """The object of the file; its keys are stable and described in docs/guides/front_end.md."""
    return {
        "format": FORMAT,
        "name": file.front_end.name,
        "version": file.front_end.version,
        "parameters": {key: _plain(value) for key, value in file.front_end.parameters.items()},
        "unit": file.unit,
        "input": {
            "kind": file.kind,
            "shape": list(file.input_shape),
            "range": [float(limit) for limit in file.input_range],
        },
        "task": file.task,
        "labels": list(file.labels),
        "thresholds": dict(file.thresholds),
        "unknown": list(file.unknown),
        **({TARGET: file.target.to_json()} if file.target else {}),
    }


def from_json(data: object, where: str) -> FrontEndFile:
    """The inverse of ``to_json``; raises ``ModelError`` that names ``where`` for anything else."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise ModelError(
            f"{where}: format {found!r} is unknown; this version reads format {FORMAT}",
            remedy="use the version of micronas that wrote it, or remove the file to export without it",
        )
    try:
        given = data["input"]
        low, high = (float(limit) for limit in given["range"])
        return FrontEndFile(
            front_end=FrontEnd(str(data["name"]), int(data["version"]), _parameters(data["parameters"])),
            kind=str(given["kind"]),
            input_shape=tuple(int(n) for n in given["shape"]),
            input_range=(low, high),
            task=str(data["task"]),
            labels=tuple(str(label) for label in data["labels"]),
            thresholds={str(key): float(value) for key, value in data["thresholds"].items()},
            unknown=tuple(str(label) for label in data.get("unknown", ())),
            target=target_from_json(data[TARGET]) if data.get(TARGET) else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{where}: not a description of a front end ({type(error).__name__}: {error})",
            remedy="take the file that the search wrote, or remove it to export without it",
        ) from error


def _parameters(values: Mapping[str, object]) -> dict[str, Parameter]:
    checked: dict[str, Parameter] = {}
    for key, value in values.items():
        if isinstance(value, list):
            checked[str(key)] = [float(v) for v in value]
        elif isinstance(value, int | float | str):
            checked[str(key)] = value
        else:
            raise TypeError(f"parameter {key} is {value!r}")
    return checked


def _plain(value: Parameter) -> Json:
    return [float(v) for v in value] if isinstance(value, list) else value
