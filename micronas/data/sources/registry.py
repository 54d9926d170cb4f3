"""The registry of data sources: a name in the configuration -> the function that reads the samples.

Modules are imported when their source is used, so an optional package is needed by its own source only.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from typing import TypeAlias, cast

from micronas.config import DataConfig
from micronas.data.samples import Samples
from micronas.errors import DataError
from micronas.host.plugin import Part, find, is_plugged_in

Source: TypeAlias = Callable[[DataConfig], Samples]

SOURCES = {
    "mnist5k": "mnist5k:load_mnist5k",
    "digits": "digits:load_digits8",
    "vibration": "vibration:load_vibration",
    "walking_speed": "walking_speed:load_walking_speed",
    "image_folder": "image_folder:load_image_folder",
    "audio_folder": "audio_folder:load_audio_folder",
    "csv": "csv_streams:load_csv",
    "npz": "npz:load_own_npz",
    "speech_commands": "speech_commands:load_speech_commands",
    "keras:NAME": "keras_sets:load_keras_set",
    "tfds:NAME": "tensorflow_datasets:load_tfds",
}
"""Name -> module of this package and function; ``NAME`` is what the user wants of a collection."""

RENAMED = {"folder": "image_folder"}
"""Names of earlier versions, which still work."""

COLLECTIONS = {name.partition(":")[0]: name for name in SOURCES if ":" in name}


def source_of(name: str) -> Source:
    """The source called ``name``, or the user's; raises ``DataError`` with the nearest name."""
    known = RENAMED.get(name, name)
    if ":" in name and name.partition(":")[0] in COLLECTIONS:
        known = COLLECTIONS[name.partition(":")[0]]
    if known in SOURCES:
        return _imported(SOURCES[known])
    if is_plugged_in(name, Part.SOURCE):
        return cast(Source, find(name, Part.SOURCE))
    near = difflib.get_close_matches(name, SOURCES, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise DataError(
        f"data.name: unknown data source {name!r}",
        remedy=f"{hint}Known: {', '.join(SOURCES)}",
        settings=("data.name",),
    )


def _imported(place: str) -> Source:
    module, _, function = place.partition(":")
    return cast(Source, getattr(importlib.import_module(f"micronas.data.sources.{module}"), function))
