"""The page in Chromium: it draws, filters, sorts and links, at desktop and phone width, without errors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from micronas.report import write_report
from micronas.store import Store
from tests.support.browser import Seen, look
from tests.support.report_run import CLASSES, DEAD, REFUSED, WIDTHS, make_run

pytestmark = pytest.mark.slow

TRY_EVERYTHING = """
  const q = (what) => [...page.querySelectorAll(what)];
  const visible = () => q("#trials tbody tr[data-number]").filter((row) => !row.hidden);
  const shown = () => visible().map((row) => row.dataset.number);
  const set = (id, value) => {
    const control = page.getElementById(id);
    if (control.type === "checkbox") control.checked = value; else control.value = value;
    control.dispatchEvent(new view.Event("input"));
  };
  const click = (part) => part.dispatchEvent(new view.MouseEvent("click", {bubbles: true}));
  const found = {all: shown()};
  set("words", "Separable, width 8"); found.by_gene = shown();
  set("words", ""); set("outcome", "FAILED"); found.failed = shown();
  set("outcome", ""); set("on-front", true); found.front = shown();
  set("on-front", false);
  const accuracy = q("#trials th button").find((b) => b.textContent === "accuracy");
  click(accuracy); found.rising = shown();
  click(accuracy); found.falling = shown();
  const mark = q('.charts svg circle[data-trial="2"]')[0];
  const box = mark.getBoundingClientRect();
  mark.dispatchEvent(new view.PointerEvent("pointermove", {bubbles: true, clientX: box.x, clientY: box.y}));
  found.tip = page.getElementById("tip").hidden ? "" : page.getElementById("tip").textContent;
  click(mark);
  found.detail = q("tr.detail")[0].innerText;
  found.before_detail = q("tr.detail")[0].previousSibling.dataset.number;
  found.sizes = q("svg").filter((svg) => !svg.closest("details:not([open])"))
    .map((svg) => Math.round(svg.getBoundingClientRect().width));
  found.dead_links = q("a[href^='#']").filter((a) => !page.getElementById(a.hash.slice(1))).length;
  found.page_width = page.documentElement.scrollWidth;
  found.hints = q(".hint.needed").length;
  found.cut = q("body *").filter((part) => !part.closest(".scroll, svg, #tip, pre") &&
    part.getBoundingClientRect().right > view.innerWidth + 1).map((part) => part.tagName + part.id);
  for (const rule of page.styleSheets[0].cssRules) {
    if (rule.media?.mediaText === "print") rule.media.mediaText = "all";
  }
  view.frameElement.style.width = "718px";  // A4 within its margins
  const shownOf = (what) => q(what).filter((part) => part.getClientRects().length).length;
  found.print = {
    controls: shownOf(".filters, .hint"), rows: visible().length, charts: shownOf("figure svg"),
    scrolled: q(".scroll").filter((box) => box.getClientRects().length
      && view.getComputedStyle(box).overflowX !== "visible").length,
    cut: q("table, figure, .card").filter((part) => part.getBoundingClientRect().right > 719)
      .map((part) => part.tagName + part.id),
  };
  return found;
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    with Store.read(make_run(folder / "run")) as store:
        return write_report(store, folder / "page.html")


@pytest.fixture(scope="module")
def desktop(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return look(page, TRY_EVERYTHING, tmp_path_factory.mktemp("desktop"))


def test_filter_and_sort_show_the_right_trials(desktop: Seen) -> None:
    found = desktop.found
    complete = [str(number) for number in range(len(WIDTHS))]
    rest = [str(number) for number in (REFUSED, REFUSED + 1, DEAD)]
    assert found["all"] == complete + rest
    assert found["by_gene"] == [str(WIDTHS.index(8))]
    assert found["failed"] == [str(DEAD)]
    assert found["front"] == complete
    assert found["rising"] == complete + rest  # accuracy rises with the number; those without one come last
    assert found["falling"] == complete[::-1] + rest


def test_a_mark_names_its_trial_and_genes_and_leads_to_its_row(desktop: Seen) -> None:
    assert desktop.found["tip"].startswith("trial 2 (strategy): 80.0 %")
    assert "width 8" in desktop.found["tip"]
    assert desktop.found["before_detail"] == "2"
    assert re.search(r"micronas rebuild \S*/run 2", desktop.found["detail"])
    assert re.search(r"micronas pick \S*/run 2", desktop.found["detail"])


def test_nothing_is_missing_and_the_console_is_silent(desktop: Seen) -> None:
    assert desktop.console == []
    assert desktop.found["dead_links"] == 0
    assert len(desktop.found["sizes"]) == 3 + len(WIDTHS) + 2 + 1  # fronts, networks, history, plan
    assert min(desktop.found["sizes"]) > 250


def test_a_printed_page_has_all_of_it_and_no_controls(desktop: Seen) -> None:
    """The rules for print, on a page as wide as A4 within its margins."""
    everything = len(desktop.found["all"])
    assert desktop.found["print"] == {
        "controls": 0,
        "rows": everything,
        "charts": 3 + 2 + 1,
        "scrolled": 0,
        "cut": [],
    }


def test_a_phone_shows_all_of_it_and_says_what_scrolls(page: Path, tmp_path: Path) -> None:
    seen = look(page, TRY_EVERYTHING, tmp_path, width=390)
    assert seen.console == []
    assert seen.found["page_width"] == 390
    assert seen.found["cut"] == []
    assert seen.found["hints"] >= 3
    assert min(seen.found["sizes"]) > 250


def test_the_browser_does_report_errors(tmp_path: Path) -> None:
    """The two checks above could not fail if messages of the console were not seen."""
    broken = tmp_path / "broken.html"
    broken.write_text("<!doctype html><p>x</p><script>missing.call()</script>", encoding="utf-8")
    seen = look(broken, "return page.body.textContent.slice(0, 1);", tmp_path)
    assert seen.found == "x"
    assert "missing is not defined" in "".join(seen.console)


def test_classes_are_those_of_the_run(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert all(f"<td>{name}</td>" in text for name in CLASSES)
