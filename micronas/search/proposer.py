"""The source of trials: the configured strategy, alone or with a pre-filter or a supernet around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from micronas.search.observer import Observer
from micronas.search.prefilter import Prefiltered, ProxyScorer
from micronas.search.proposals import Proposals
from micronas.search.rank_agreement import stage_text
from micronas.search.setup import Setup
from micronas.search.subnets.latency import ProfiledNetwork, Shapes, ran_before
from micronas.search.subnets.search import (
    FOUND,
    STAGE_DEADLINE_S,
    FoundSubnets,
    SubnetSearch,
    search_subnets,
)
from micronas.search.subnets.strategy import Find, SelectionTarget, SharedWeights
from micronas.search.termination import Termination
from micronas.store import Store
from micronas.strategy import Accept, Problem, Strategy, make_strategy
from micronas.strategy.supernet_series import SupernetStore
from micronas.train.isolated import run_isolated


def make_proposer(
    setup: Setup,
    store: Store,
    proposals: Proposals,
    scorer: ProxyScorer,
    termination: Termination,
    observer: Observer,
) -> Strategy:
    """The strategy of ``setup``, wrapped for ``estimator.prefilter`` or ``estimator.name: supernet``."""
    config, space = setup.config, setup.space
    problem = _problem(setup, store, termination, observer)

    def strategy(accept: Accept) -> Strategy:
        return make_strategy(config.strategy, space, config.seed, accept, problem)

    if config.estimator.name == "supernet":
        find = _supernet_stage(setup, store, termination, observer)
        return SharedWeights(
            Shapes(space, setup.gate.deployed),
            config.seed,
            proposals.accept,
            find,
            lambda number: ran_before(store.records(), number),
            sample=config.estimator.supernet.sample,
            aim=SelectionTarget(config.reward, config.constraints.latency_ms, config.latency),
            workers=config.workers,
            modelled=problem.op_latency,
            otherwise=strategy(proposals.accept),
            say=observer.phase,
        )
    if config.estimator.prefilter is not None:
        return Prefiltered(strategy, space, proposals.accept, scorer, config.estimator.prefilter)
    return strategy(proposals.accept)


def _problem(setup: Setup, store: Store, termination: Termination, observer: Observer) -> Problem:
    """What a strategy with its own supernets must know about the run."""

    def affords(cpu_s: float) -> bool:
        # On one thread, CPU seconds are about wall-clock seconds.
        limit = termination.stage_limit()
        return cpu_s <= min(limit.wall_s, limit.cpu_s)

    supernets = SupernetStore(store.folder, affords, termination.stage_done, observer.phase)
    return replace(setup.problem, supernets=supernets)


def _supernet_stage(setup: Setup, store: Store, termination: Termination, observer: Observer) -> Find:
    """Trains and searches the supernet in a separate process, unless the run folder has the result."""

    def find(ran: Sequence[ProfiledNetwork]) -> FoundSubnets:
        found = FoundSubnets.load(store.folder / FOUND)
        if found is None:
            observer.phase("training the supernet and searching its networks")
            order = SubnetSearch(
                setup.config, setup.board, store.folder, tuple(ran), termination.stage_limit()
            )
            found = run_isolated(
                search_subnets, order, deadline_s=STAGE_DEADLINE_S, tick=store.save_wall_time
            )
            store.save_wall_time()
            termination.stage_done()
        observer.phase(stage_text(found))
        return found

    return find
