"""Zero-cost proxies as a pre-filter: the most promising proposal is tried, the same one after a resume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micronas.config import PrefilterConfig, StrategyConfig
from micronas.errors import ConfigError
from micronas.estimate import check_prefilter
from micronas.estimate.proxies import ProxyScores, ZeroCostScorer, order, score_net
from micronas.search.parts import SearchParts
from micronas.search.prefilter import Prefiltered, ScoredNets, proxy_agreements
from micronas.search.proposals import Proposals
from micronas.search.termination import TrialTermination
from micronas.search.workers.executor import InlineExecutor
from micronas.store import Record, Store
from micronas.strategy import Accept, Strategy, make_strategy, searcher
from tests.support.loops import loop_of
from tests.support.search_fakes import Silent, ToyArch, ToyGate, ToySpace, toy_evaluate, toy_trial


class NetlessSpace(ToySpace):
    """Hands the architecture through as its network, for a scorer that reads digits."""

    def net(self, arch: ToyArch) -> Any:
        return arch


SPACE = NetlessSpace()


@dataclass
class DigitScorer:
    """NASWOT likes large first digits, SynFlow small ones; counts the networks that it was shown."""

    shown: list[tuple[int, ...]] = field(default_factory=list)

    def scores(self, nets: Sequence[Any]) -> list[ProxyScores]:
        self.shown += [net.genes for net in nets]
        return [ProxyScores(float(net.genes[0]), float(-net.genes[0]), float(net.genes[1])) for net in nets]


def make(name: str, seed: int = 5) -> Any:
    def strategy(accept: Accept) -> Strategy:
        return make_strategy(StrategyConfig(name=name, population=6, sample=3), SPACE, seed, accept)

    return strategy


@pytest.mark.parametrize("name", ["random", "aging_evolution", "local_search", "nsga2"])
def test_the_best_of_four_proposals_is_asked(name: str) -> None:
    scorer, config = DigitScorer(), PrefilterConfig(proxy="naswot", keep=0.25)
    filtered = Prefiltered(make(name), SPACE, lambda arch: True, scorer, config)
    arch = filtered.ask(0)
    assert len(set(scorer.shown)) == 4
    assert arch.genes in scorer.shown
    assert arch.genes[0] == max(genes[0] for genes in scorer.shown)


def test_over_many_asks_the_proxy_shows() -> None:
    plain = make("random")(lambda arch: True)
    config = PrefilterConfig(proxy="naswot", keep=0.25)
    filtered = Prefiltered(make("random"), SPACE, lambda arch: True, DigitScorer(), config)
    without, with_filter = (np.mean([s.ask(n).genes[0] for n in range(100)]) for s in (plain, filtered))
    # Of 0..4 drawn evenly the mean is 2; of the largest of four, 4 - (1 + 16 + 81 + 256) / 625 = 3.43
    assert without == pytest.approx(2.0, abs=0.4)
    assert with_filter == pytest.approx(3.43, abs=0.3)


def test_what_does_not_fit_is_never_shown_to_the_proxy() -> None:
    scorer = DigitScorer()
    config = PrefilterConfig(keep=0.5)
    small = Prefiltered(make("random"), SPACE, lambda arch: sum(arch.genes) <= 9, scorer, config)
    for number in range(20):
        assert sum(small.ask(number).genes) <= 9
    assert all(sum(genes) <= 9 for genes in scorer.shown)
    nothing = Prefiltered(make("random"), SPACE, lambda arch: False, scorer, config)
    shown = len(scorer.shown)
    assert isinstance(nothing.ask(0), ToyArch)  # the loop records it as over budget
    assert len(scorer.shown) == shown


def test_combined_averages_ranks_over_told_and_proposed_networks() -> None:
    scores = [ProxyScores(*s) for s in ((1.0, 5.0, 7), (2.0, 30.0, 6), (9.0, 10.0, 5), (3.0, 1.0, 8))]
    assert order(scores, "combined").tolist() == [0.5, 2.0, 2.5, 1.0]
    assert order(scores, "naswot").tolist() == [1.0, 2.0, 9.0, 3.0]
    assert order(scores, "parameters").tolist() == [7, 6, 5, 8]
    assert order(scores, "synflow").tolist() == [5.0, 30.0, 10.0, 1.0]


def test_each_network_is_scored_once() -> None:
    scorer = DigitScorer()
    scored = ScoredNets(SPACE, scorer)
    a, b = ToyArch((1,) * 6), ToyArch((2,) * 6)
    assert [s.naswot for s in scored.of([a, b, a])] == [1.0, 2.0, 1.0]
    scored.of([b, a])
    assert scorer.shown == [a.genes, b.genes]


def test_agreement_is_of_each_proxy_over_the_trained_networks() -> None:
    records = [Record(toy_trial(i, (i, i, 0, 0, 0, 0)), {}) for i in range(5)]
    found = {a.proxy: a for a in proxy_agreements(SPACE, DigitScorer(), records)}
    assert found["proxy naswot"].tau == 1.0
    assert found["proxy synflow"].tau == -1.0
    assert found["proxy combined"].tau == 0.0
    assert {a.networks for a in found.values()} == {5}


def run(store: Store, trials: int) -> list[tuple[str, str]]:
    proposals = Proposals(SPACE, ToyGate(limit=15))
    config = PrefilterConfig(proxy="combined", keep=0.25)
    parts = SearchParts(SPACE, proposals, store, TrialTermination(trials), Silent([]), workers=2)
    strategy = Prefiltered(make("aging_evolution"), SPACE, proposals.accept, DigitScorer(), config)
    records = loop_of(parts, strategy, InlineExecutor(toy_evaluate)).run()
    return [(record.trial.key, record.trial.outcome.value) for record in records]


def test_a_resumed_run_asks_for_the_same_networks(tmp_path: Path) -> None:
    with Store.create(tmp_path / "whole", {}) as store:
        store.begin_session()
        whole = run(store, 24)
    with Store.create(tmp_path / "cut", {}) as store:
        store.begin_session()
        run(store, 9)
    with Store.resume(tmp_path / "cut") as store:
        store.begin_session()
        assert run(store, 24) == whole


def test_what_has_no_proposals_to_choose_from_is_refused_by_name() -> None:
    check_prefilter("train", searcher("aging_evolution"))
    with pytest.raises(ConfigError, match="strategy dnas learns one network per trial"):
        check_prefilter("train", searcher("dnas"))
    with pytest.raises(ConfigError, match="supernet already ranks candidates by shared weights"):
        check_prefilter("supernet", searcher("random"))


def test_the_child_process_gives_what_the_proxies_give_here() -> None:
    pytest.importorskip("tensorflow")
    from micronas.config import DataConfig, SpaceConfig
    from micronas.data import load
    from micronas.space import make_space

    data = DataConfig(name="digits")
    loaded = load(data)
    space = make_space(SpaceConfig(max_width=16), loaded.input_shape, loaded.n_classes)
    nets = [space.net(arch) for arch in space.baselines()[:2]]
    with ZeroCostScorer(data, seed=3) as scorer:
        there = scorer.scores(nets)
    for net, scores in zip(nets, there, strict=True):
        here = score_net(net, data, 3)
        assert (scores.naswot, scores.synflow) == pytest.approx((here.naswot, here.synflow), rel=1e-5)
