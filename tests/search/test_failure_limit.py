"""A search whose trials fail for the same reason stops, and resumes once the cause is repaired."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.errors import SearchError
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.search.failure_limit import FailureLimit
from micronas.store import Store
from micronas.trial import PREDICTION_STAGE, Outcome, Trial
from tests.support.search_fakes import toy_evaluate
from tests.support.toy_loop import make_loop


def failed(number: int, reason: str, stage: str = "build") -> Trial:
    return Trial(number, [], f"k{number}", Outcome.FAILED, stage=stage, reason=reason)


def test_figures_do_not_make_failures_different() -> None:
    limit = FailureLimit(3, stop_without_board=False)
    limit.add(failed(0, "op 3: 1024 bytes over, build 00112233445566778899aabbccddeeff"))
    limit.add(failed(1, "op 12: 7 bytes over, build ffeeddccbbaa99887766554433221100"))
    with pytest.raises(SearchError, match="3 trials in a row failed for the same reason"):
        limit.add(failed(2, "op 1: 99 bytes over, build 0123456789abcdef0123456789abcdef"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("the range is 0 to 1", "the range is 0.00134 to 1e-05"),
        ("zero point -3 of op 1", "zero point 12 of op 30"),
        ("the loss became nan", "the loss became -inf"),
        ("scale NaN", "scale 1.5E+10"),
        ("1 byte over", "1,024 bytes over"),
        ("output 28 x 28 x 16", "output 1 x 10"),
        ("build 0a1b2c3d4e", "build 12345"),
        ("fault at 0x2000fe", "fault at 0x08000000"),
        ("between .5 and 3.", "between 0.25 and -7.125e3"),
    ],
)
def test_a_number_in_another_form_is_the_same_failure(first: str, second: str) -> None:
    limit = FailureLimit(2, stop_without_board=False)
    limit.add(failed(0, first))
    with pytest.raises(SearchError, match="2 trials in a row"):
        limit.add(failed(1, second))


@pytest.mark.parametrize(
    ("first", "second"), [("no compiler", "no linker"), ("infeasible 3", "nancy 3"), ("a decade", "a facade")]
)
def test_words_stay_words(first: str, second: str) -> None:
    limit = FailureLimit(2, stop_without_board=False)
    limit.add(failed(0, first))
    limit.add(failed(1, second))


def test_another_stage_reason_or_a_success_begins_anew() -> None:
    limit = FailureLimit(3, stop_without_board=False)
    done = Trial(9, [], "k9", Outcome.COMPLETE)
    for trial in (
        *(failed(0, "no compiler"), failed(1, "no compiler"), failed(2, "no linker")),
        *(failed(3, "no linker"), failed(4, "no linker", stage="flash"), done),
        *(failed(5, "no linker"), failed(6, "no linker")),
    ):
        limit.add(trial)


def test_what_was_refused_for_its_predicted_latency_neither_counts_nor_interrupts() -> None:
    limit = FailureLimit(2, stop_without_board=False)
    predicted = Trial(1, [], "k1", Outcome.INFEASIBLE, stage=PREDICTION_STAGE, reason="too slow")
    for _ in range(10):
        limit.add(predicted)
    limit.add(failed(0, "no compiler"))
    limit.add(predicted)
    with pytest.raises(SearchError, match="2 trials in a row"):
        limit.add(failed(2, "no compiler"))


def test_stored_failures_do_not_stop_the_search_that_goes_on(tmp_path: Path) -> None:
    def broken(task: TrialTask) -> TrialResult:
        return TrialResult(Outcome.FAILED, stage="build", reason="no compiler")

    with Store.create(tmp_path / "run", {}) as store:
        store.begin_session()
        with pytest.raises(SearchError, match="3 trials in a row"):
            make_loop(store, evaluate=broken, trials=8, max_equal_failures=3).run()
    with Store.resume(tmp_path / "run") as store:
        store.begin_session()
        records = make_loop(store, evaluate=toy_evaluate, trials=8, max_equal_failures=3).run()
    assert [r.trial.reason for r in records[:3]] == ["no compiler"] * 3
    assert len(records) == 8
