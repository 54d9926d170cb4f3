"""``export``: a network as a C99 library to drop into any project."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from micronas.api.models import Calibration, Model, as_tflite, name_of
from micronas.deploy.bench import COMPARED, constant_bytes, simplified
from micronas.deploy.companions import OutputNames, front_end_beside, labels_beside, model_card_beside
from micronas.deploy.deployment import random_samples
from micronas.deploy.library import library_files, outputs_of
from micronas.deploy.library.write import library_name, write_library
from micronas.deploy.limits import require_bounded
from micronas.errors import ConfigError
from micronas.host.new_folder import require_new_folder
from micronas.memory.plan.prefer import DEFAULT_PREFER, prefer_named
from micronas.model.tflite import read_bytes

INPUTS = ("tensor", "rows")
"""How an application gives a library its input."""


def export(
    model: Model,
    out: str | Path,
    *,
    name: str | None = None,
    labels: Sequence[str] = (),
    prefer: str = DEFAULT_PREFER.value,
    input: str = "tensor",
    remove_constant_channels: bool = True,
    calibration: Calibration = None,
) -> Path:
    """Write ``model`` as a C99 library into the new folder ``out``, and return the folder.

    ``labels`` are the names of the outputs, in order; by default those in ``labels.txt`` in the model's
    folder, or else in its ``front_end.json``, which a search writes and which is exported as C, too.
    ``prefer`` is ``auto`` or ``latency``, a larger arena where that is modelled to be faster, or ``sram``,
    the smallest.
    ``input`` is ``tensor``, an input that the application writes as a whole, or ``rows``: it delivers it row
    by row, and the input is never in memory as a whole.
    ``remove_constant_channels`` removes channels that no input can change. Raises
    ``MicronasError`` if the folder is not empty, the model is refused, or a file beside the model does not
    belong to it.
    """
    folder, wanted, row_input = Path(out), prefer_named(prefer), input_named(input)
    require_new_folder(folder)
    data = as_tflite(model, calibration)
    graph = original = read_bytes(data, name_of(model))
    require_bounded(original)
    if remove_constant_channels:
        graph = simplified(original, random_samples(original, COMPARED, seed=0))
    front_end = front_end_beside(model)
    given = OutputNames(tuple(labels)) if labels else labels_beside(model, outputs_of(graph), front_end)
    files = library_files(
        graph,
        name=name or library_name(name_of(model)),
        labels=given.names,
        why_no_labels=given.why_none,
        prefer=wanted,
        removed_bytes=constant_bytes(original) - constant_bytes(graph),
        front_end=front_end,
        row_input=row_input,
        sha256=hashlib.sha256(data).hexdigest(),
    )
    write_library({**files, **model_card_beside(model)}, folder)
    return folder


def input_named(name: str, option: str = "input") -> bool:
    """Whether ``name`` means rows; raises ``ConfigError``, which begins with ``option``, for another."""
    if name not in INPUTS:
        raise ConfigError(f"{option} {name}: unknown", remedy=f"one of {', '.join(INPUTS)}")
    return name == "rows"
