"""Plain DARTS, without the cures for its collapse, as a course needs it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from micronas.config import SpaceConfig, StrategyConfig
from micronas.space import make_space
from micronas.strategy.darts.settings import DartsSettings
from micronas.strategy.differentiable import make_differentiable
from micronas.strategy.supernet_series import SupernetStore

search = pytest.importorskip("micronas.strategy.darts.search")


class Collapsing:
    """A bilevel loop whose curvature grows sevenfold with every check."""

    def __init__(self) -> None:
        self._checks = 0

    def steps(self, *_: Any) -> float:
        return 1.0

    def eigenvalue(self, batch: Any) -> float:
        self._checks += 1
        return -(7.0**self._checks)

    def edge_weights(self) -> tuple[Any, Any]:
        return (np.zeros(1), np.zeros(1))


def ended(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> tuple[int, str]:
    """Checks made, and why the search stopped."""
    monkeypatch.setattr(search, "cell_of", lambda *_, **__: None)
    monkeypatch.setattr(search, "skips", lambda _: 0)
    settings = DartsSettings(warmup_share=0.0, steps=300, check_every=30, eigenvalue_window=2, **changes)
    rows = np.zeros((settings.steps, 1), np.int32)
    schedule = SimpleNamespace(weight_batches=rows, edge_batches=rows, rates=rows, warmup=0, probe=rows)
    _, checks, why = search._run(Collapsing(), schedule, 2, settings)
    return len(checks), why


def test_a_collapse_with_negative_curvature_stops_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ended(monkeypatch) == (4, "the dominant eigenvalue of the Hessian jumped")


def test_without_early_stop_the_checks_are_recorded_and_the_search_continues(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ended(monkeypatch, early_stop=False) == (10, "")


def test_the_configuration_turns_the_cures_off(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[DartsSettings] = []
    monkeypatch.setattr(
        "micronas.strategy.darts.strategy.cell_search", lambda _, settings: asked.append(settings)
    )
    space = make_space(SpaceConfig(name="cell", max_width=16), (16, 16, 1), 3)
    problem: Any = SimpleNamespace(first_ask=0, workers=1, supernets=SupernetStore(), class_weights=False)
    for config in (
        StrategyConfig(name="darts"),
        StrategyConfig(name="darts", partial_channels=1, early_stop=False),
    ):
        make_differentiable(config, space, 0, lambda arch: True, problem)
    assert [(s.partial, s.early_stop) for s in asked] == [(2, True), (1, False)]
