"""TensorFlow Lite Micro's audio front end itself, from the wheel ``pymicro-features``: an oracle in C++."""

from __future__ import annotations

import ctypes
import functools

import numpy as np
import numpy.typing as npt
import pytest

from micronas.model.front_end import Micro

UNIT = 0.0390625
"""What the package multiplies the 16-bit features by."""
HOP = 160
STATE_BYTES = 4096
"""More than ``sizeof(FrontendState)``."""


def need_oracle() -> None:
    """Skip the test unless the wheel is installed; it exists for Linux, macOS and Windows on usual cores."""
    pytest.importorskip("pymicro_features", reason="pymicro-features is not installed")


def package_features(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.int64]:
    """``samples`` at 16 kHz through the public class -> (frames, 40): 30 ms every 10 ms."""
    from pymicro_features import MicroFrontend

    front, frames = MicroFrontend(), []
    for start in range(0, len(samples) - HOP + 1, HOP):
        found = front.process_samples(samples[start : start + HOP].tobytes())
        if found.features:
            frames.append(found.features)
    return np.rint(np.array(frames) / UNIT).astype(np.int64)


class _Config(ctypes.Structure):
    """``FrontendConfig``: window, filter bank, noise reduction, gain control, logarithm."""

    _fields_ = (
        *(("size_ms", ctypes.c_size_t), ("step_ms", ctypes.c_size_t)),
        *(("bands", ctypes.c_int), ("high_hz", ctypes.c_float), ("low_hz", ctypes.c_float)),
        *(("unused", ctypes.c_int), ("noise_bits", ctypes.c_int)),
        *(("even", ctypes.c_float), ("odd", ctypes.c_float), ("left", ctypes.c_float)),
        *(("pcan", ctypes.c_int), ("strength", ctypes.c_float), ("offset", ctypes.c_float)),
        *(("gain_bits", ctypes.c_int), ("log", ctypes.c_int), ("scale_shift", ctypes.c_int)),
    )


class _Output(ctypes.Structure):
    _fields_ = (("values", ctypes.POINTER(ctypes.c_uint16)), ("size", ctypes.c_size_t))


@functools.cache
def _library() -> ctypes.CDLL:
    import micro_features_cpp

    library = ctypes.CDLL(micro_features_cpp.__file__)
    if not hasattr(library, "FrontendPopulateState"):
        pytest.skip("the wheel does not export its C functions here")
    library.FrontendProcessSamples.restype = _Output
    return library


def library_features(samples: npt.NDArray[np.int16], spec: Micro) -> npt.NDArray[np.int64]:
    """``samples`` (any number) through its C functions with the parameters of ``spec`` -> (frames, bands)."""
    library, state = _library(), ctypes.create_string_buffer(STATE_BYTES)
    config = _Config(
        *(spec.window * 1000 // spec.rate_hz, spec.hop * 1000 // spec.rate_hz),
        *(spec.bands, spec.high_hz, spec.low_hz, 7, 10),
        *(spec.noise_even, spec.noise_odd, spec.least_left),
        *(spec.pcan, spec.pcan_strength, spec.pcan_offset, 21, 1, 6),
    )
    assert library.FrontendPopulateState(ctypes.byref(config), state, spec.rate_hz)
    samples, frames, taken = np.ascontiguousarray(samples), [], ctypes.c_size_t()
    while len(samples):
        address = ctypes.c_void_p(samples.ctypes.data)
        count = ctypes.c_size_t(len(samples))
        found = library.FrontendProcessSamples(state, address, count, ctypes.byref(taken))
        samples = samples[taken.value :]
        if found.size:
            frames.append(np.array(found.values[: found.size], np.int64))
    library.FrontendFreeStateContents(state)
    return np.array(frames)
