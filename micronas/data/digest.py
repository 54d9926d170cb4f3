"""A digest of a data set: equal exactly if samples, labels, class names and split are equal."""

from __future__ import annotations

import hashlib

import numpy as np

from micronas.data.dataset import Labels
from micronas.data.samples import Samples


def digest_of(samples: Samples, part: Labels) -> str:
    """SHA-256, in hexadecimal, of ``samples`` and of the part (N,) of each; the same on every system."""
    state = hashlib.sha256()
    state.update("\n".join(samples.class_names).encode())
    state.update(repr(samples.x.shape).encode())
    state.update(repr(sorted(samples.front_end.parameters.items())).encode())
    if samples.fingerprints:
        state.update(b"".join(samples.fingerprints))
    else:
        state.update(np.ascontiguousarray(samples.x, "<f4").data)
    for array in (samples.y, part):
        state.update(np.ascontiguousarray(array, "<i8").data)
    if samples.targets is not None:
        state.update(f"{samples.target_name} {samples.target_unit}".encode())
        state.update(np.ascontiguousarray(samples.targets, "<f8").data)
    return state.hexdigest()
