"""Search inside a supernet: train the shared weights, then let the strategy search the region.

This runs in a separate process. Every network within the budgets is scored by its float accuracy with shared
weights, in a fraction of a second; these scores are not trials. The best are trained alone afterwards, and
only that result counts (see ``micronas.search.subnets.strategy``).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from micronas.board import Board
from micronas.codegen.lowering import Target
from micronas.config import SearchConfig
from micronas.errors import StoreError
from micronas.estimate.full import cached_dataset
from micronas.host.durable import replace_durably
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import Ledger
from micronas.memory.plan.prefer import prefer_of_search
from micronas.search.front_end_budget import network_budget
from micronas.search.gate import LedgerGate
from micronas.search.initial_trials import initial_trials
from micronas.search.predicted_latency.source import latency_source
from micronas.search.proposals import Proposals
from micronas.search.subnets.estimate import SubnetEstimate, SubnetScores
from micronas.search.subnets.latency import ProfiledNetwork, Shapes, SubnetLatency
from micronas.search.subnets.profiling_samples import (
    RunUntrained,
    profile_untrained,
    run_untrained,
    uses_latency,
)
from micronas.space import make_space
from micronas.strategy import Problem, make_strategy
from micronas.strategy.reward import reward
from micronas.supernet.checkpoint import Checkpoint
from micronas.supernet.choose_region import choose_region
from micronas.supernet.region import Genes, SharedWeightSpace
from micronas.train.process import leave_graphs_unfused
from micronas.train.regression import MSE
from micronas.train.time_limit import Stopwatch, TimeLimit
from micronas.trial import Json, Latency, Source

ESTIMATE = "float quality with shared weights, normalisation statistics recalibrated"
"""The meaning of ``Subnet.quality_shared``: accuracy, or AUC for anomalies; nothing was quantized or run."""

TRAINING_SHARE = 0.75
"""Share of the stage's time for training, if the time is limited; the rest scores subnets."""

CHECKPOINT, FOUND = "supernet.npz", "subnets.json"
"""Files of a run folder: the checkpoint of the shared weights, and the results of the search in them."""

RENAMED = {"scouts": "profiling_samples", "accuracy": "quality_shared"}
"""Keys of the file as versions before the first release wrote them, and what they are called now."""

PROFILING_SEED, DRAWN = 7, 1000
"""Seed of the networks from which profiling samples are chosen, and the maximum number examined."""

STAGE_DEADLINE_S = 4 * 3600.0
"""Many times the length of a stage, so that only a fault reaches it."""


@dataclass(frozen=True)
class Subnet:
    """A network that was scored: its architecture in the run's space, and its quality (see ``ESTIMATE``).

    ``reward`` includes the latency predicted from the networks that had run before, or none if none had.
    """

    arch: Json
    key: str
    quality_shared: float
    reward: float


@dataclass(frozen=True)
class FoundSubnets:
    """Every distinct subnet that was scored, and the cost.

    ``profiling_samples`` are networks with untrained weights that ran only to be profiled for the latency
    model.
    """

    subnets: tuple[Subnet, ...]
    epochs: int
    training_cpu_s: float
    training_wall_s: float
    scoring_cpu_s: float
    traces: int
    profiling_samples: tuple[ProfiledNetwork, ...] = ()

    def save(self, path: Path) -> None:
        """Write to ``path`` atomically."""
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps({"estimate": ESTIMATE, **asdict(self)}, indent=1), encoding="utf-8")
        replace_durably(draft, path)

    @classmethod
    def load(cls, path: Path) -> FoundSubnets | None:
        """The result that ``save`` wrote; None if there is none. Raises ``StoreError`` for a damaged file."""
        if not path.exists():
            return None
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            _refuse_old_keys(path, raw)
            raw.pop("estimate")
            subnets = tuple(Subnet(**subnet) for subnet in raw.pop("subnets"))
            samples = tuple(ProfiledNetwork(**sample) for sample in raw.pop("profiling_samples"))
            return cls(subnets, profiling_samples=samples, **raw)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{path}: not a list of subnets: {error}",
                remedy="remove the file; the subnets are then scored again",
            ) from error


def _refuse_old_keys(path: Path, raw: dict[str, list[dict[str, Json]]]) -> None:
    found = [key for key in RENAMED if key in raw or any(key in subnet for subnet in raw["subnets"])]
    if found:
        raise StoreError(
            f"{path}: " + ", ".join(f"the key {key} is now {RENAMED[key]}" for key in found),
            remedy="remove the file; the subnets are then scored again",
        )


@dataclass(frozen=True)
class SubnetSearch:
    """Input of the process that searches. Latencies are predicted from the networks ``ran``."""

    config: SearchConfig
    board: Board
    folder: Path
    ran: tuple[ProfiledNetwork, ...]
    limit: TimeLimit


def search_subnets(order: SubnetSearch) -> FoundSubnets:
    """Train the supernet, or resume its training, and search it; stores both results in the folder."""
    from micronas.supernet.fit import fit_supernet, settings_of

    config, watch = order.config, Stopwatch()
    walk = RegionWalk(config, order.board, order.ran)
    if walk.region.runs_graphs_unfused:
        leave_graphs_unfused()
    predicts = order.ran and uses_latency(config) and walk.modelled is None
    samples = walk.profile(run_untrained(config, order.board)) if predicts else ()
    fitted = fit_supernet(
        walk.region,
        cached_dataset(config.data),
        replace(
            settings_of(walk.region, config.estimator.supernet.epochs),
            class_weights=config.estimator.class_weights,
            loss=config.estimator.loss or MSE,
        ),
        config.seed,
        order.limit.times(TRAINING_SHARE),
        order.folder / CHECKPOINT,
    )
    scoring = Stopwatch()
    subnets = tuple(walk.scored(fitted.supernet.accuracy, lambda: watch.within(order.limit)))
    found = FoundSubnets(
        subnets,
        fitted.epochs,
        fitted.cpu_s,
        fitted.wall_s,
        scoring.cpu_s,
        fitted.supernet.traces,
        samples,
    )
    found.save(order.folder / FOUND)
    return found


def stage_cpu_s(folder: Path) -> float:
    """CPU seconds of the stage in ``folder`` so far, up to the last checkpoint; 0 if there was none."""
    if (found := FoundSubnets.load(folder / FOUND)) is not None:
        return found.training_cpu_s + found.scoring_cpu_s
    checkpoint = Checkpoint.load(folder / CHECKPOINT)
    return checkpoint.cpu_s if checkpoint else 0.0


class RegionWalk:
    """Runs the search strategy in the region, with accuracies that cost almost nothing."""

    def __init__(self, config: SearchConfig, board: Board, ran: Sequence[ProfiledNetwork] = ()) -> None:
        self._config, self._ran = config, ran
        dataset = cached_dataset(config.data)
        self.space = make_space(config.space, dataset.input_shape, dataset.n_outputs)
        budget = network_budget(config, board, dataset)
        macs, prefer = config.constraints.macs, prefer_of_search(config.prefer)
        outer = LedgerGate(self.space, board, config.runtime, budget, macs, prefer=prefer)
        problem = Problem(
            config.data,
            Target(board.core),
            budget,
            outer.ledger,
            macs=macs,
            macs_of=lambda arch: self.space.net(arch).macs,
        )
        self.region: SharedWeightSpace = choose_region(self.space, problem.reference(self.space))
        self._gate = LedgerGate(self.region, board, config.runtime, budget, macs, prefer=prefer)
        self._first = initial_trials(self.region, self._gate, self._gate.ledger, budget)
        self._shapes = Shapes(self.space, outer.deployed)
        is_modelled = latency_source(config, board) is Source.MODELLED
        self.modelled = board_latency(board) if is_modelled else None
        self.latency = SubnetLatency(self._shapes, config.latency, ran, self.modelled)

    def fits(self, genes: Genes) -> bool:
        """Whether a network of the region keeps the flash and SRAM budgets."""
        return self._gate.verdict(genes).fits

    def profile(self, run: RunUntrained) -> tuple[ProfiledNetwork, ...]:
        """Profile untrained networks until others can be predicted; see ``profiling_samples``."""
        rng = np.random.default_rng([self._config.seed, PROFILING_SEED])
        drawn = (self.region.sample(rng) for _ in itertools.count())
        fitting = (self.region.arch(genes) for genes in drawn if self.fits(genes))
        samples = profile_untrained(
            itertools.islice(fitting, DRAWN), self._shapes, self._config, self._ran, run
        )
        self.latency = SubnetLatency(self._shapes, self._config.latency, [*self._ran, *samples])
        return samples

    def scored(self, accuracy: Callable[[Genes], float], keep_going: Callable[[], bool]) -> Iterator[Subnet]:
        """Each distinct subnet within the budgets that the strategy proposes, while ``keep_going`` returns
        true. The initial trials come first and are always included.
        """
        proposals = Proposals(self.region, self._gate)
        strategy = make_strategy(self._config.strategy, self.region, self._config.seed, proposals.accept)
        known: dict[str, SubnetEstimate] = {}
        for number in range(self._config.estimator.supernet.subnets):
            if number >= len(self._first) and not keep_going():
                return
            asked = self._first[number] if number < len(self._first) else strategy.ask(number)
            genes = self.region.own(asked)
            key = self.region.key(genes)
            proposals.seen.add(key)
            if key not in known:
                known[key] = self._estimate(number, genes, key, accuracy)
                if (scores := known[key].scores) is not None:
                    yield self._subnet(genes, scores)
            strategy.tell(known[key])

    def _estimate(
        self, number: int, genes: Genes, key: str, accuracy: Callable[[Genes], float]
    ) -> SubnetEstimate:
        raw, ledger = self.region.to_json(genes), self._gate.ledger(genes)
        expected = self.latency.of(self.region.arch(genes))
        source = Source.PREDICTED if self.modelled is None else Source.MODELLED
        latency = None if expected is None else Latency(expected.ms, source)
        limit_ms = self._config.constraints.latency_ms
        too_slow = expected is not None and limit_ms is not None and expected.max_ms > limit_ms
        if too_slow or not self.fits(genes):
            return SubnetEstimate(number, raw, key, None)
        return SubnetEstimate(number, raw, key, self._scores(accuracy(genes), ledger, latency))

    def _scores(self, quality: float, ledger: Ledger, latency: Latency | None) -> SubnetScores:
        return SubnetScores(
            quality_shared=quality,
            flash_bytes=ledger.flash_bytes,
            sram_bytes=ledger.sram_bytes,
            latency=latency,
            reward=reward(quality, latency.ms if latency else None, self._config.reward),
        )

    def _subnet(self, genes: Genes, scores: SubnetScores) -> Subnet:
        arch = self.space.from_json(self.space.to_json(self.region.arch(genes)))
        return Subnet(self.space.to_json(arch), self.space.key(arch), scores.quality_shared, scores.reward)
