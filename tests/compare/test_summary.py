"""The table over all committed comparisons: its counting, and that the page holds what it would write."""

from __future__ import annotations

import pytest

from benchmarks.compare.summary import PAGE, Tally, page, tally


def test_the_page_holds_the_table_of_the_committed_results() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text


def test_pairs_are_of_one_seed_and_runs_without_a_figure_make_none() -> None:
    comparison = {
        "entries": [
            {"name": "random", "runs": [_run(0, 0.5), _run(1, 0.5), _run(2, 0.5), _run(3, None)]},
            {"name": "own", "runs": [_run(2, 0.4), _run(0, 0.6), _run(1, 0.5), _run(3, 0.9), _run(4, 0.9)]},
        ]
    }
    assert tally(comparison, "own", "best_reward") == Tally(better=1, equal=1, worse=1)
    assert tally(comparison, "absent", "best_reward") == Tally()


@pytest.mark.parametrize(
    ("better", "worse", "p_value"), [(0, 0, 1.0), (1, 0, 1.0), (3, 0, 0.25), (8, 1, 20 / 512), (3, 3, 1.0)]
)
def test_the_sign_test_is_exact(better: int, worse: int, p_value: float) -> None:
    for equal in (0, 5):
        assert Tally(better, equal, worse).p_value == pytest.approx(p_value)
        assert Tally(worse, equal, better).p_value == pytest.approx(p_value)


def _run(seed: int, reward: float | None) -> dict[str, object]:
    return {"seed": seed, "best_reward": reward}
