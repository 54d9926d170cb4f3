"""Networks that could not have the best reward even with perfect answers are not trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from micronas.search.proposals import Proposals
from micronas.search.reward_ceiling import AIM_AT_REWARD
from micronas.search.trial_start import HOPELESS
from micronas.store import Store
from micronas.strategy import STRATEGIES
from tests.support.search_fakes import Silent, ToyArch, ToyGate, ToySpace
from tests.support.toy_loop import make_loop


def ceiling(arch: ToyArch) -> float:
    """Words of more than 8 are slow: the toy reward of a word of 6 is 0.625."""
    return 0.6 if sum(arch.genes) > 8 else 1.0


@dataclass
class Listening(Silent):
    phases: list[str] = field(default_factory=list)

    def phase(self, text: str) -> None:
        self.phases.append(text)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "run", {}) as store:
        store.begin_session()
        yield store


def test_a_network_is_hopeless_only_if_it_cannot_even_equal_the_best() -> None:
    proposals = Proposals(ToySpace(), ToyGate(), ceiling=ceiling)
    slow = ToyArch((4,) * 6)
    assert proposals.accept(slow)
    proposals.best = 0.6
    assert proposals.accept(slow)
    proposals.best = 0.61
    assert not proposals.accept(slow)
    assert proposals.accept(ToyArch((1,) * 6))
    assert (proposals.hopeless, proposals.rejected) == (1, 0)
    assert Proposals(ToySpace(), ToyGate(), best=9.0).accept(slow)


@pytest.mark.parametrize("workers", [1, 2])
def test_slow_baselines_and_proposals_give_way_and_that_is_said_once(store: Store, workers: int) -> None:
    observer = Listening([])
    first = (ToyArch((1,) * 6), ToyArch((2, 1, 1, 1, 1, 0)), ToyArch((2,) * 6))
    make_loop(store, trials=20, first=first, ceiling=ceiling, workers=workers, observer=observer).run()
    trials = [record.trial for record in store.records()]
    assert [trial.origin for trial in trials[:4]] == ["baseline", "baseline", "strategy", "strategy"]
    later = [sum(trial.arch) for trial in trials[workers:]]  # type: ignore[arg-type]
    assert max(later) <= 8
    assert observer.phases == [HOPELESS]


def test_without_a_ceiling_all_baselines_are_trained(store: Store) -> None:
    observer = Listening([])
    make_loop(store, trials=2, first=(ToyArch((1,) * 6), ToyArch((2,) * 6)), observer=observer).run()
    assert [record.trial.origin for record in store.records()] == ["baseline", "baseline"]
    assert observer.phases == []


def test_strategies_that_look_for_a_front_are_not_limited() -> None:
    assert {*STRATEGIES} - {*AIM_AT_REWARD} == {"nsga2", "predictor_front", "dnas", "darts"}
