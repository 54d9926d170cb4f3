"""A comparison whose runs are real loops over the toy space: microseconds instead of minutes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from micronas.board import load_board
from micronas.compare.budget import parse_budget
from micronas.compare.entry import parse_entries
from micronas.compare.plan import ComparisonPlan, PlannedRun, make_plan
from micronas.compare.results import Results, results_to_json
from micronas.config import SearchConfig, parse_config
from micronas.errors import SearchError
from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask
from micronas.store import DATABASE, Final, Store
from micronas.store.deployment_figures import DeploymentFigures
from micronas.store.final_figures import FinalFigures
from micronas.store.other_boards import BOARDS, OTHER_BOARDS, board_entry
from micronas.trial import Outcome
from tests.support.search_fakes import ToyArch, toy_evaluate
from tests.support.toy_loop import make_loop

CONFIG: SearchConfig = parse_config({"board": "nucleo_f446re", "constraints": {"flash_kb": 4, "sram_kb": 1}})


def toy_plan(
    strategies: str = "random,aging_evolution",
    seeds: int = 2,
    budget: str = "12trials",
    config: SearchConfig = CONFIG,
) -> ComparisonPlan:
    return make_plan(config, parse_entries(strategies, config), seeds, parse_budget(budget))


class KilledError(Exception):
    """Stands for the end of the process."""


@dataclass
class ToyRuns:
    """Runs searches of the toy space as ``micronas.compare.run.RunOne``; dies after ``lives`` evaluations.

    On ``other_board``, a network has half the reward, and trial 1 is the winner of each run.
    """

    lives: int = 10**6
    evaluate: Evaluate = toy_evaluate
    other_board: str = ""
    began: list[str] = field(default_factory=list)

    def __call__(self, run: PlannedRun, folder: Path) -> None:
        self.began.append(run.name)
        facts = {
            "config": run.config.model_dump(mode="json"),
            "board": load_board("nucleo_f446re").model_dump(mode="json"),
            "majority_baseline": 0.25,
        }
        if self.other_board:
            facts[OTHER_BOARDS] = [load_board(self.other_board).model_dump(mode="json")]
        there = (folder / DATABASE).is_file()
        with Store.resume(folder) if there else Store.create(folder, facts) as store:
            store.begin_session()
            records = make_loop(
                store,
                strategy=run.config.strategy.name,
                trials=run.config.budget.trials or 12,
                first=(ToyArch((run.seed % 2 + 1,) * 6),),
                evaluate=self._evaluate,
            ).run()
            complete = [r.trial.scores for r in records if r.trial.scores]
            if not complete:
                raise SearchError("no trial ended with a usable network")
            best = max(complete, key=lambda s: s.reward)
            test = best.quality_int8 - 0.01
            found = FinalFigures(0, "", True, test, 400, best, DeploymentFigures(), {}, "accuracy")
            result = found.to_json()
            if self.other_board:
                result[BOARDS] = {self.other_board: replace(found, trial=1).to_json()}
            store.set_final(Final(result, b"model"))

    def _evaluate(self, task: TrialTask) -> TrialResult:
        if self.lives == 0:
            raise KilledError
        self.lives -= 1
        result = self.evaluate(task)
        if not self.other_board or result.scores is None:
            return result
        slower = replace(result.scores, reward=result.scores.reward / 2)
        return replace(result, details={BOARDS: {self.other_board: board_entry(result.outcome, slower)}})


def always_fails(task: TrialTask) -> TrialResult:
    """Every training breaks in the same way."""
    return TrialResult(Outcome.FAILED, stage="train", reason="the loss became nan")


def silent(run: PlannedRun, place: int, total: int) -> None:
    """Announces nothing."""


def timeless(results: Results) -> object:
    """The figures that do not depend on the machine."""
    figures = results_to_json(results)
    for entry in figures["entries"]:  # type: ignore[union-attr]
        for run in entry["runs"]:  # type: ignore[index,union-attr,call-overload]
            for key in ("cpu_minutes", "networks_per_cpu_minute", "wasted_cpu_share"):
                del run[key]  # type: ignore[union-attr]
    return figures
