"""One search for several boards: each network is trained once, and evaluated for every board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from micronas.config import StrategyConfig, parse_config
from micronas.errors import ConfigError, DeviceError, SearchError
from micronas.estimate.full import Estimate
from micronas.search.boards.in_turn import BoardGates, BoardsInTurn
from micronas.search.boards.winners import result_for
from micronas.search.evaluation.evaluator import DeployedFigures, Stages, TrialEvaluator
from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask
from micronas.search.loop import Loop, failure_limit
from micronas.search.parts import SearchParts
from micronas.search.proposals import Proposals
from micronas.search.termination import TrialTermination
from micronas.search.workers.executor import InlineExecutor
from micronas.search.workers.once import Once, every_training
from micronas.store import Record, Store
from micronas.store.other_boards import BOARDS, board_entry, on_board, usable_on
from micronas.strategy import Strategy, make_strategy
from micronas.trial import Json, Outcome
from tests.support.loops import loop_of
from tests.support.search_fakes import Silent, ToyArch, ToyGate, ToySpace, toy_scores

SPACE = ToySpace()
LIMITS = {"small": 6, "large": 15}
"""Of the sum of a toy word's digits."""
TRIALS = 24


def toy_boards_evaluate(task: TrialTask) -> TrialResult:
    """The toy landscape on every board of the task; on ``large``, each network is 1 point better."""
    genes = list(task.arch)  # type: ignore[arg-type]
    scores = toy_scores(genes)
    entries: dict[str, Json] = {
        name: board_entry(Outcome.COMPLETE, scores, details={"seen_on": name})
        for name in task.boards
        if name != "small"
    }
    fits = "small" in task.boards
    outcome = Outcome.COMPLETE if fits else Outcome.INFEASIBLE
    return TrialResult(outcome, scores if fits else None, details={BOARDS: entries}, tflite=bytes(genes))


def boards_loop(store: Store, evaluate: Evaluate = toy_boards_evaluate, trials: int = TRIALS) -> Loop:
    gates = BoardGates({name: ToyGate(limit) for name, limit in LIMITS.items()})
    proposals = Proposals(SPACE, gates)

    def strategy_of(name: str, own: Proposals) -> Strategy:
        config = StrategyConfig(name="aging_evolution", population=4, sample=2)
        return make_strategy(config, SPACE, 5, own.accept)

    in_turn = BoardsInTurn(proposals, gates.gates, strategy_of)
    parts = SearchParts(
        SPACE, proposals, store, TrialTermination(trials), Silent([]), workers=1, boards=gates
    )
    limit = failure_limit(5, boards=gates)
    return loop_of(parts, in_turn, InlineExecutor(evaluate), tell=in_turn.tell_record, limit=limit)


def run_in(folder: Path, evaluate: Evaluate = toy_boards_evaluate) -> list[Record]:
    with Store.create(folder, {}) as store:
        store.begin_session()
        boards_loop(store, evaluate).run()
        return store.records()


def size_of(record: Record) -> int:
    return sum(record.trial.arch)  # type: ignore[arg-type]


def test_the_boards_take_turns_and_each_network_is_on_board_both(tmp_path: Path) -> None:
    trained: list[int] = []

    def evaluate(task: TrialTask) -> TrialResult:
        trained.append(task.number)
        return toy_boards_evaluate(task)

    records = run_in(tmp_path / "run", evaluate)
    assert len(trained) == len(set(trained)) == TRIALS, "one training each"
    for record in records:
        for name, limit in LIMITS.items():
            trial = on_board(record, name).trial
            fits = size_of(record) <= limit
            assert (trial.outcome is Outcome.COMPLETE) == fits == (trial.scores is not None)
            assert trial.reason == ("" if fits else f"{size_of(record) - limit} over")
    small_turns = [record for record in records if record.trial.number % 2 == 0]
    assert all(size_of(record) <= LIMITS["small"] for record in small_turns)
    large_only = [r for r in records if size_of(r) > LIMITS["small"]]
    assert large_only, "the strategy of the large board uses what only that board has"
    assert all(r.trial.outcome is Outcome.INFEASIBLE for r in large_only), "columns are the first board's"
    assert {usable_on(r, "small") for r in large_only} == {("large",)}


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("killed_at", [3, 12])
def test_a_killed_search_for_several_boards_resumes_to_the_same_trials(
    tmp_path: Path, killed_at: int
) -> None:
    def evaluate(task: TrialTask) -> TrialResult:
        if task.number == killed_at:
            raise KilledError
        return toy_boards_evaluate(task)

    whole = run_in(tmp_path / "whole")
    with Store.create(tmp_path / "cut", {}) as store:
        store.begin_session()
        with pytest.raises(KilledError):
            boards_loop(store, evaluate).run()
        boards_loop(store).run()
        resumed = store.records()
    assert [r.trial for r in resumed] == [r.trial for r in whole]
    assert [r.details[BOARDS] for r in resumed] == [r.details[BOARDS] for r in whole]


def test_a_network_that_fits_no_board_is_not_trained_and_the_reasons_name_the_boards() -> None:
    gates = BoardGates({name: ToyGate(limit) for name, limit in LIMITS.items()})
    verdict = gates.verdict(ToyArch((4,) * 6))
    assert not verdict.fits
    assert verdict.reasons == ("small: 18 over", "large: 9 over")
    assert gates.verdict(ToyArch((2,) * 6)).fits
    assert gates.fitting(ToyArch((2,) * 6)) == ("large",)


def test_a_board_on_which_every_trial_fails_stops_the_search(tmp_path: Path) -> None:
    def evaluate(task: TrialTask) -> TrialResult:
        result = toy_boards_evaluate(task)
        dead = board_entry(Outcome.FAILED, None, "build", "no linker")
        return TrialResult(
            result.outcome, result.scores, details={BOARDS: {"large": dead}}, tflite=result.tflite
        )

    with pytest.raises(SearchError, match=r"5 trials in a row failed .* 'build': no linker"):
        run_in(tmp_path / "run", evaluate)


def estimate_of(task: TrialTask) -> Estimate:
    return Estimate(b"model", 0.8, 0.9, epochs=2, cpu_s=1.0, parameters=5, macs=10, curve=(0.5, 0.8))


def dead(tflite: bytes, task: TrialTask) -> DeployedFigures:
    raise DeviceError("no answer")


def placed(flash_bytes: int) -> Callable[[bytes, TrialTask], DeployedFigures]:
    return lambda tflite, task: DeployedFigures(flash_bytes, 7, None, {"ledger": flash_bytes})


def test_a_failure_on_one_board_leaves_the_figures_of_the_other() -> None:
    config = parse_config({"board": "a", "other_boards": ["b"]})
    task = TrialTask(0, [1] * 6, "k", boards=("a", "b"))
    result = TrialEvaluator(config, Stages(estimate_of, dead, {"b": placed(200)}))(task)
    assert (result.outcome, result.stage) == (Outcome.FAILED, "device")
    assert result.tflite == b"model", "the network is usable on b"
    on_b = result_for(result, "b", first=False)
    assert on_b.outcome is Outcome.COMPLETE
    assert on_b.scores is not None
    assert (on_b.scores.flash_bytes, on_b.details) == (200, {"ledger": 200})
    both_dead = TrialEvaluator(config, Stages(estimate_of, dead, {"b": dead}))(task)
    assert both_dead.tflite is None
    alone = TrialEvaluator(config, Stages(estimate_of, placed(100)))(TrialTask(0, [1] * 6, "k"))
    assert BOARDS not in alone.details, "a search for one board stays as it was"


def test_boards_with_the_same_finalists_share_their_further_trainings() -> None:
    trained: list[tuple[int, int]] = []

    def evaluate(task: TrialTask) -> TrialResult:
        trained.append((task.number, task.repeat))
        return TrialResult(Outcome.COMPLETE, details={"quality_int8": task.number / 10})

    once = Once(InlineExecutor(evaluate), every_training)
    found = []
    for numbers in ((1, 2), (2, 3)):
        for number in numbers:
            once.submit(TrialTask(number, [], "k", repeat=1))
        found.append(sorted(finished[0] for _ in numbers if (finished := once.next_finished(None))))
    assert found == [[1, 2], [2, 3]]
    assert sorted(trained) == [(1, 1), (2, 1), (3, 1)]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"board": None}, "other_boards needs board"),
        ({"device": "serial"}, "search for one board at a time"),
        ({"latency": {"model": True}}, "learns the latencies of one board"),
        ({"strategy": {"name": "dnas"}}, "one supernet for one board"),
        ({"estimator": {"name": "supernet"}}, "one supernet for one board"),
    ],
)
def test_what_works_for_one_board_only_is_refused(changed: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_config({"board": "nucleo_f446re", "other_boards": ["nucleo_f103rb"], **changed})
