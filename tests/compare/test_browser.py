"""The page of a comparison in Chromium: it hides, filters and sorts, at desktop and phone width."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.compare.page import page
from micronas.compare.plan import open_plan
from micronas.compare.run import read_results, run_all
from tests.support.browser import look
from tests.support.compare_fakes import ToyRuns, silent, toy_plan

pytestmark = pytest.mark.slow

TRY_EVERYTHING = """
  const q = (what) => [...page.querySelectorAll(what)];
  const shown = () => q("#runs tbody tr").filter((row) => !row.hidden).map((row) => row.cells[0].textContent);
  const click = (part) => part.dispatchEvent(new view.MouseEvent("click", {bubbles: true}));
  const words = (text) => {
    const control = page.getElementById("words");
    control.value = text;
    control.dispatchEvent(new view.Event("input"));
  };
  const found = {all: shown()};
  words("random, seed1"); found.filtered = shown(); words("");
  const random = q(".legend button").find((b) => b.dataset.entry === "random");
  click(random);
  found.without_random = shown();
  const seen = (mark) => mark.style.display !== "none";
  const drawn = (name) => q(`svg [data-entry=${name}]`).filter(seen).length;
  found.hidden_lines = drawn("random");
  found.other_lines = drawn("aging_evolution");
  click(random);
  const place = q("#runs th").findIndex((head) => head.textContent === "hypervolume");
  const column = () => q("#runs tbody tr").map((row) => parseFloat(row.cells[place].textContent));
  click(q("#runs th button")[place]); found.rising = column();
  click(q("#runs th button")[place]); found.falling = column();
  const line = q("svg polyline[data-entry=random]")[0];
  const box = line.getBoundingClientRect();
  line.dispatchEvent(new view.PointerEvent("pointermove", {bubbles: true, clientX: box.x, clientY: box.y}));
  found.tip = page.getElementById("tip").textContent;
  found.page_width = page.documentElement.scrollWidth;
  found.hints = q(".hint.needed").length;
  found.heading = page.querySelector("h1 + p").textContent;
  found.cut = q("body *").filter((part) => !part.closest(".scroll, svg, #tip") &&
    part.getBoundingClientRect().right > view.innerWidth + 1).map((part) => part.tagName + part.id);
  return found;
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comparison")
    plan = open_plan(folder, toy_plan())
    run_all(plan, folder, ToyRuns(), silent)
    path = folder / "results.html"
    path.write_text(page(read_results(plan, folder)), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [1280, 390])
def test_it_filters_sorts_and_hides_and_nothing_is_cut(file: Path, tmp_path: Path, width: int) -> None:
    seen = look(file, TRY_EVERYTHING, tmp_path, width=width)
    found = seen.found
    assert seen.console == []
    assert found["filtered"] == ["random-seed1"]
    assert found["without_random"] == [name for name in found["all"] if not name.startswith("random")]
    assert len(found["without_random"]) == len(found["all"]) - 2
    assert found["hidden_lines"] == 0
    assert found["other_lines"] == 4  # a line and its range in both charts
    assert found["rising"] == sorted(found["rising"])
    assert found["falling"] == sorted(found["rising"], reverse=True)
    assert found["tip"].startswith("random: 0.")
    assert found["heading"].startswith("12 trials each, 2 seeds, space layerwise, board nucleo_f446re")
    assert found["page_width"] == width
    assert found["cut"] == []
    assert (found["hints"] > 0) == (width == 390)
