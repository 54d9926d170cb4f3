"""The comparison's figures: per run, and per entry as median and range over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from micronas.compare.budget import ComparisonBudget
from micronas.compare.curve import Curve, Spread, best_so_far, spread
from micronas.compare.entry import Entry
from micronas.compare.front_volume import ReferencePoint, make_reference, volume_curve
from micronas.compare.history import History
from micronas.compare.plan import ComparisonPlan, plan_to_json
from micronas.trial import Json, scores_to_json


@dataclass(frozen=True)
class RunResult:
    """One run. ``best_reward`` and ``hypervolume`` are the values at the end of the budget.

    ``wasted`` counts trained networks that cannot be reported (failed, or over the latency budget) and
    ``wasted_cpu_share`` their part of the search's CPU time; ``refused`` counts networks refused by the
    ledger before training, which costs milliseconds.
    """

    history: History
    reward_curve: Curve
    volume_curve: Curve
    best_reward: float | None
    hypervolume: float
    trials: int
    complete: int
    to_the_end: int
    repeated: int
    refused: int
    trained: int
    wasted: int
    wasted_cpu_share: float

    @property
    def seed(self) -> int:
        """The run's seed."""
        return self.history.run.seed

    @property
    def cpu_minutes(self) -> float:
        """CPU minutes until the last trial, without the final training."""
        return self.history.cpu_s / 60

    @property
    def networks_per_cpu_minute(self) -> float:
        """Networks with figures, per CPU minute of the search."""
        return self.complete / self.cpu_minutes if self.cpu_minutes else 0.0


@dataclass(frozen=True)
class ComparedRun:
    """An entry: its runs in order of their seeds."""

    entry: Entry
    runs: tuple[RunResult, ...]

    def spread(self, values: Sequence[float | None]) -> Spread | None:
        """Median and range of the available values."""
        known = [value for value in values if value is not None]
        return spread(known) if known else None

    @property
    def validation(self) -> Spread | None:
        """Int8 accuracy of the reported network on validation data."""
        return self.spread([r.history.reported.validation for r in self.runs if r.history.reported])

    @property
    def test(self) -> Spread | None:
        """Its int8 accuracy on the test split, unsealed once per run."""
        return self.spread([r.history.reported.test for r in self.runs if r.history.reported])

    @property
    def reward(self) -> Spread | None:
        """Best reward of the search within the budget."""
        return self.spread([r.best_reward for r in self.runs])

    @property
    def volume(self) -> Spread | None:
        """Hypervolume within the budget."""
        return self.spread([r.hypervolume for r in self.runs])


@dataclass(frozen=True)
class Results:
    """The whole comparison; ``unfinished`` names runs that have started but are not in any figure yet."""

    plan: ComparisonPlan
    reference: ReferencePoint
    rows: tuple[ComparedRun, ...]
    test_samples: int
    unfinished: tuple[str, ...] = ()

    def row(self, name: str) -> ComparedRun | None:
        """The entry called ``name``, if it has started."""
        return next((row for row in self.rows if row.entry.name == name), None)


def make_results(plan: ComparisonPlan, histories: Sequence[History]) -> Results:
    """Figures of the runs that have ended, with a result or a failure; at least one of ``histories`` has."""
    unfinished = tuple(h.run.name for h in histories if not h.has_ended)
    histories = [h for h in histories if h.has_ended]
    reference = make_reference(histories, plan.config.constraints.latency_ms)
    rows = []
    for entry in plan.entries:
        own = [h for h in histories if h.run.entry == entry]
        if own:
            rows.append(ComparedRun(entry, tuple(_run_result(h, reference, plan) for h in own)))
    samples = max((h.reported.test_samples for h in histories if h.reported), default=0)
    return Results(plan, reference, tuple(rows), samples, unfinished)


def _run_result(history: History, reference: ReferencePoint, plan: ComparisonPlan) -> RunResult:
    unit, end = plan.budget.unit, plan.budget.amount
    rewards = best_so_far((s.at(unit), s.scores.reward) for s in history.steps if s.scores)
    volumes = volume_curve(history, reference, unit)
    trained = [s for s in history.steps if s.trained]
    complete = [s for s in trained if s.scores]
    return RunResult(
        history=history,
        reward_curve=rewards,
        volume_curve=volumes,
        best_reward=rewards.at(end),
        hypervolume=volumes.at(end) or 0.0,
        trials=len(history.steps),
        complete=len(complete),
        to_the_end=sum(s.to_the_end for s in complete),
        repeated=sum(s.repeated for s in history.steps),
        refused=sum(s.refused for s in history.steps),
        trained=len(trained),
        wasted=len(trained) - len(complete),
        wasted_cpu_share=_wasted_cpu_share(history),
    )


def _wasted_cpu_share(history: History) -> float:
    """CPU time between the ends of trials is assigned to the one that ended; exact with one worker."""
    steps = sorted(history.steps, key=lambda s: s.cpu_s)
    before_s = wasted_s = 0.0
    for step in steps:
        if step.trained and step.scores is None:
            wasted_s += step.cpu_s - before_s
        before_s = step.cpu_s
    return wasted_s / before_s if before_s else 0.0


def results_to_json(results: Results) -> dict[str, Json]:
    """The object of ``compare --json`` and ``results.json``; keys in docs/background/compare.md."""
    reference = results.reference
    return {
        "plan": plan_to_json(results.plan),
        "reference": {
            "error": reference.error,
            "flash_bytes": reference.flash_bytes,
            "sram_bytes": reference.sram_bytes,
            "latency_ms": reference.latency_ms,
            "latency_source": reference.latency_source.value if reference.latency_source else None,
        },
        "test_samples": results.test_samples,
        "unfinished": list(results.unfinished),
        "entries": [_row_to_json(row, results.plan.budget) for row in results.rows],
    }


def _row_to_json(row: ComparedRun, budget: ComparisonBudget) -> dict[str, Json]:
    figures = {
        "best_reward": row.reward,
        "hypervolume": row.volume,
        "validation_int8": row.validation,
        "test_int8": row.test,
    }
    return {
        "name": row.entry.name,
        **{name: asdict(value) if value else None for name, value in figures.items()},
        "runs": [_run_to_json(run, budget) for run in row.runs],
    }


def _run_to_json(run: RunResult, budget: ComparisonBudget) -> dict[str, Json]:
    reported = run.history.reported
    return {
        "seed": run.seed,
        "run": run.history.run.name,
        "finished": reported is not None,
        "failure": run.history.failure,
        "best_reward": run.best_reward,
        "hypervolume": run.hypervolume,
        "validation_int8": reported.validation if reported else None,
        "test_int8": reported.test if reported else None,
        "scores": scores_to_json(reported.scores) if reported else None,
        "trials": run.trials,
        "complete": run.complete,
        "trained_to_the_end": run.to_the_end,
        "repeated": run.repeated,
        "refused_before_training": run.refused,
        "trained": run.trained,
        "wasted": run.wasted,
        "wasted_cpu_share": run.wasted_cpu_share,
        "cpu_minutes": run.cpu_minutes,
        "networks_per_cpu_minute": run.networks_per_cpu_minute,
        "reward_curve": [[x, y] for x, y in zip(run.reward_curve.xs, run.reward_curve.ys, strict=True)],
        "hypervolume_curve": [[x, y] for x, y in zip(run.volume_curve.xs, run.volume_curve.ys, strict=True)],
        "boards": [board.to_json(budget) for board in run.history.boards],
    }
