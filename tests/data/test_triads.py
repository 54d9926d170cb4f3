"""Declared sensors of three axes: their channels, with the normalisation that a rotation must undo."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.config import parse_config
from micronas.data import DataKind, FrontEnd
from micronas.data.dataset import Triad
from micronas.data.samples import Samples
from micronas.data.triads import triads_of
from micronas.errors import ConfigError, DataError


def samples(kind: DataKind = DataKind.STREAM, channels: int = 6, **parameters: list[float]) -> Samples:
    x = np.zeros((4, 8, 1, channels), np.float32)
    y = np.zeros(4, np.int64)
    front_end = FrontEnd("stream", version=1, parameters=parameters)
    return Samples("toy", kind, x, y, ("a",), None, front_end)


def test_a_sensor_has_the_normalisation_of_its_channels() -> None:
    found = samples(mean=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], spread=[9.0, 8.0, 7.0, 6.0, 5.0, 4.0])
    assert triads_of(found, ((5, 0, 2),)) == (Triad((5, 0, 2), (6.0, 1.0, 3.0), (4.0, 9.0, 7.0)),)
    assert triads_of(samples(), ((0, 1, 2), (3, 4, 5))) == (Triad((0, 1, 2)), Triad((3, 4, 5)))
    assert triads_of(samples(DataKind.IMAGE), ()) == ()


@pytest.mark.parametrize("declared", [((4, 5, 6),), ((0, 1, 1),), ((0, 1, 2), (2, 3, 4))])
def test_channels_that_are_missing_or_named_twice_are_refused(
    declared: tuple[tuple[int, int, int], ...],
) -> None:
    with pytest.raises(DataError, match="each must be one of 0 to 5 and named once"):
        triads_of(samples(), declared)


def test_only_streams_have_sensors() -> None:
    with pytest.raises(DataError, match="for streams, and the inputs are of kind image"):
        triads_of(samples(DataKind.IMAGE), ((0, 1, 2),))


@pytest.mark.parametrize("triads", [[[0, 1]], [0, 1, 2], [[0, 1, -2]]])
def test_a_sensor_has_three_channels(triads: object) -> None:
    with pytest.raises(ConfigError, match=r"data\.triads"):
        parse_config({"data": {"triads": triads}})
