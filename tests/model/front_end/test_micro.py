"""The tables of the "micro" front end: the logarithm that they follow from, and their way to a file."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.model.front_end import Micro
from micronas.model.front_end.log1p_single import log1p_single
from micronas.model.front_end.micro import filters, micro_of

SPEC = Micro(16000, window=480, hop=160, bands=40, low_hz=125.0, high_hz=7500.0)


def test_the_logarithm_is_within_one_unit_of_the_exact_one():
    x = np.concatenate([[0], np.geomspace(1e-5, 60, 50_000)]).astype(np.float32)
    exact = np.log1p(x.astype(np.float64))
    assert (np.abs(log1p_single(x) - exact) <= np.spacing(exact.astype(np.float32))).all()


@pytest.mark.parametrize(
    ("x", "of_the_c_library"),
    [
        (0x3E892492, 0x3E730628),
        (0x3F149249, 0x3EEA5136),
        (0x40A44925, 0x3FE82BC2),
        (0x412F0000, 0x401EB328),
        (0x41340000, 0x40205A8A),
    ],
)
def test_the_logarithm_errs_as_that_of_the_c_library(x, of_the_c_library):
    """Values of log1pf of glibc 2.36; the nearest float is the one beside."""
    x, want = np.array([x], np.uint32).view(np.float32), np.array([of_the_c_library], np.uint32)
    assert log1p_single(x).view(np.uint32).tolist() == want.tolist()
    assert np.log1p(x.astype(np.float64)).astype(np.float32).view(np.uint32)[0] != want[0]


def test_parameters_come_back():
    assert micro_of(SPEC.front_end.parameters) == SPEC


def test_filters_beyond_the_spectrum_are_refused():
    with pytest.raises(ValueError, match="high_hz 8000 leaves no bin"):
        filters(Micro(16000, 480, 160, 40, 125.0, 8000.0))
