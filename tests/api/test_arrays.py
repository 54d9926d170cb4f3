"""Arrays in memory as a data source: groups of any type, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

import micronas as mn
from micronas.config import DataConfig
from micronas.data.load import SplitSamples, sealed
from micronas.data.parts import parts_of
from micronas.errors import DataError


def test_groups_may_be_names() -> None:
    x = np.random.default_rng(0).random((60, 8, 2))
    source = mn.from_arrays(x, np.arange(60) % 2, groups=[f"person {i // 5}" for i in range(60)])
    samples = source(DataConfig())
    data = sealed(SplitSamples(samples, parts_of(samples, DataConfig())), DataConfig())
    assert len(data.group_names) == 12
    assert not set(data.train.groups) & set(data.validation.groups)  # type: ignore[arg-type]


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="x has shape"):
        mn.from_arrays(np.zeros((4, 3)), np.zeros(4))
