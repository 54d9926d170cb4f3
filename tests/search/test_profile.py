"""Where the time of a search goes: each second in one stage, and a profiled search has the same trials."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from micronas.host.stage_clock import StageClock, StageTime
from micronas.search.evaluation.task import TrialTask
from micronas.search.profile import (
    IDLE,
    LEADER_PLACES,
    LEDGER,
    OTHER,
    STAGES,
    START,
    STRATEGY,
    TRAIN,
    WORKER_PLACES,
    ProfiledEvaluator,
    SearchProfile,
    profile_rows,
)
from micronas.search.workers.executor import InlineExecutor
from tests.support.paths import REPOSITORY
from tests.support.search_fakes import toy_evaluate

TASK = TrialTask(1, [1, 1, 1, 1, 1, 1], "k")


class Ticks:
    """A clock on which every reading is 1 CPU second and 2 seconds later."""

    def __init__(self) -> None:
        self.read = 0

    def __call__(self) -> StageTime:
        self.read += 1
        return StageTime(float(self.read), 2.0 * self.read)


def test_each_second_goes_to_the_innermost_stage() -> None:
    clock = StageClock(Ticks())  # reads 1
    with clock.stage("outer"):  # 2
        with clock.stage("inner"):  # 3
            pass  # 4
        with clock.stage("inner"):  # 5
            pass  # 6
    # 7
    assert clock.times == {"outer": StageTime(3.0, 6.0), "inner": StageTime(2.0, 4.0)}


def sample() -> str:
    return "sampled"


def test_a_watched_function_is_a_stage_until_the_clock_is_closed() -> None:
    place = f"{__name__}:sample"
    with StageClock(Ticks()) as clock:
        clock.watch({place: "sampling"})
        assert sample() == "sampled"
    assert clock.times["sampling"] == StageTime(1.0, 2.0)
    sample()
    assert clock.times["sampling"] == StageTime(1.0, 2.0)
    with pytest.raises(AttributeError):
        StageClock().watch({f"{__name__}:missing": "x"})


def stages_of(profile: SearchProfile) -> dict[str, Any]:
    rows: Any = profile.to_json()["stages"]
    return {row["stage"]: row for row in rows}


def test_a_result_carries_its_times_and_the_profile_takes_them_out() -> None:
    evaluate = ProfiledEvaluator(toy_evaluate, StageClock(Ticks()), start=StageTime(4.0, 9.0))
    profile = SearchProfile(2, StageClock(Ticks()))
    executor = profile.around(InlineExecutor(evaluate))
    executor.submit(TASK)
    assert executor.next_finished(None) == (1, toy_evaluate(TASK))
    executor.submit(TASK)
    executor.next_finished(None)
    executor.close()
    stages = stages_of(profile)
    assert list(stages) == list(STAGES)
    assert stages[START]["workers_cpu_s"] == 4.0, "a worker starts once"
    assert stages[OTHER]["workers_cpu_s"] == 2.0
    assert stages[IDLE]["leader_cpu_s"] == 0.0, "waiting is not work"


def test_the_table_has_every_stage_with_its_share() -> None:
    entries = [
        {"stage": TRAIN, "workers_cpu_s": 3.0, "leader_cpu_s": 0.0, "wall_s": 4.0},
        {"stage": STRATEGY, "workers_cpu_s": 0.0, "leader_cpu_s": 1.0, "wall_s": 1.5},
    ]
    rows = profile_rows({"cpu_s": 4.0, "stages": entries})  # type: ignore[dict-item]
    assert rows == [
        (TRAIN, "3.00", "0.00", "75.0 %", "4.00"),
        (STRATEGY, "0.00", "1.00", "25.0 %", "1.50"),
    ]


def names_in(module: str) -> Iterator[str]:
    """What a module defines or imports at its top, and the methods of its classes, without importing it."""
    path = REPOSITORY / module.replace(".", "/")
    file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        match node:
            case ast.ImportFrom():
                yield from (alias.asname or alias.name for alias in node.names)
            case ast.FunctionDef():
                yield node.name
            case ast.ClassDef():
                yield from (
                    f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)
                )


@pytest.mark.parametrize("place", sorted({*WORKER_PLACES, *LEADER_PLACES}))
def test_every_watched_place_exists(place: str) -> None:
    module, _, name = place.partition(":")
    assert name in set(names_in(module))


def test_the_process_that_leads_times_the_gate() -> None:
    with SearchProfile(1) as profile:
        from micronas.search.gate import LedgerGate

        with pytest.raises(TypeError):
            LedgerGate.fits()  # type: ignore[call-arg]  # the watch is there, and passes errors on
        assert stages_of(profile)[LEDGER]["wall_s"] > 0
