"""Charts as people see them: whole numbers where things are counted, and nothing that runs over the edge."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronas.compare.budget import parse_budget
from micronas.compare.chart import COLOURS, colour, curves
from micronas.compare.curve import Band, Spread
from micronas.compare.files import write_files
from micronas.compare.plan import open_plan
from micronas.compare.run import read_results, run_all
from micronas.report.chart import WIDTH, Limit, Point, Range, scatter
from micronas.report.history import reward_chart, volume_chart
from micronas.report.run_data import read_run
from micronas.store import Store
from tests.support.compare_fakes import ToyRuns, silent, toy_plan
from tests.support.report_run import make_run


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=20))
def test_counted_things_have_whole_ticks(numbers: list[int]) -> None:
    axis = Range.around(numbers, whole=True)
    ticks = axis.ticks()
    assert all(tick == int(tick) for tick in ticks)
    assert all(re.fullmatch(r"-?[\d,]+", axis.text(tick)) for tick in ticks)
    assert len({axis.text(tick) for tick in ticks}) == len(ticks)
    assert ticks[0] <= min(numbers)
    assert ticks[-1] >= max(numbers)
    assert 2 <= len(ticks) <= 8


@pytest.mark.parametrize(("last", "ticks"), [(0, [0, 1]), (1, [0, 1]), (2, [0, 1, 2]), (7, [0, 2, 4, 6, 8])])
def test_short_histories(last: int, ticks: list[int]) -> None:
    assert Range.around(range(last + 1), whole=True).ticks() == ticks


@pytest.mark.parametrize(
    ("value", "ticks"),
    [(0.53, ["0.45", "0.50", "0.55", "0.60"]), (30.0, ["26", "28", "30", "32", "34"]), (0.0, 5), (1.0, 5)],
)
def test_equal_values_get_an_axis_of_their_own_size(value: float, ticks: object) -> None:
    axis = Range.around([value, value])
    texts = [axis.text(tick) for tick in axis.ticks()]
    assert texts == ticks or len(texts) == ticks
    assert axis.low >= 0
    assert axis.low <= value < axis.high


def test_the_line_of_a_history_ends_inside_and_at_the_last_trial(tmp_path: Path) -> None:
    with Store.read(make_run(tmp_path / "run")) as store:  # its last trials have no figures
        run = read_run(store)
    ends = []
    for chart in (reward_chart(run), volume_chart(run)):
        (box,) = re.findall(r'viewBox="0 0 (\d+) ', chart)
        (line,) = re.findall(r'<polyline [^>]* points="([^"]+)"', chart)
        xs = [float(corner.split(",")[0]) for corner in line.split()]
        assert min(xs) > 0
        assert max(xs) < float(box)
        ends.append(max(xs))
    assert ends[0] == ends[1], "both histories have the same trials"


def test_a_best_so_far_curve_is_drawn_as_stairs() -> None:
    flat = Band((1.0, 3.0), (Spread(0.5, 0.4, 0.5), Spread(0.9, 0.8, 1.0)))
    (line,) = re.findall(r'<polyline [^>]* points="([^"]+)"', curves([("random", flat)], "x", "y"))
    corners = [tuple(map(float, corner.split(","))) for corner in line.split()]
    assert len(corners) == 3
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in itertools.pairwise(corners))


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ("1trials", "1 trial"),
        ("40trials", "40 trials"),
        ("10min", "10 minutes"),
        ("0.5cpu-min", "0.5 CPU minutes"),
    ],
)
def test_a_budget_is_told_in_words_that_stand_apart(budget: str, words: str) -> None:
    assert parse_budget(budget).words == words


@given(st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 1000))
def test_a_limits_name_stays_inside(low: float, high: float, limit: float) -> None:
    points = [Point(low, 0.1, "trial", ""), Point(high, 0.9, "trial", "")]
    text = scatter(points, [], "x", "y", limit=Limit(limit, "budget"))
    x, anchor = re.search(r'<text class="limit" x="([\d.]+)" style="text-anchor: (\w+)"', text).groups()  # type: ignore[union-attr]
    width = 6 * len("budget")
    left = float(x) - (width if anchor == "end" else 0)
    assert 50 <= left <= WIDTH - width


def test_every_contender_has_a_colour_in_light_and_in_dark(tmp_path: Path) -> None:
    plan = open_plan(tmp_path, toy_plan(seeds=1))
    run_all(plan, tmp_path, ToyRuns(), silent)
    write_files(read_results(plan, tmp_path), tmp_path)
    text = (tmp_path / "results.html").read_text(encoding="utf-8")
    for place in range(COLOURS):
        assert len(re.findall(rf"--c{place}: #[0-9a-f]{{6}};", text)) == 2
    assert text.count(f"background: {colour(1)}") == 1
    assert f"stroke: {colour(1)}" in text
    ticks = re.findall(r'class="mid" x="[\d.]+" y="[\d.]+">([^<]+)<', text)
    assert ticks
    assert all(re.fullmatch(r"\d+", tick) for tick in ticks), "the budget is in trials"
