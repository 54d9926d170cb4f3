"""The page of a run: self-contained, honest about sources, and right about fronts."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from micronas.board import load_board
from micronas.config import SearchConfig
from micronas.report import write_picture, write_report
from micronas.report.chart import Point, scatter
from micronas.store import Final, Record, Store
from micronas.trial import Outcome, Trial, scores_to_json
from tests.support.search_fakes import toy_scores


def record(number: int, digit: int, origin: str = "strategy") -> Record:
    trial = Trial(number, [digit] * 6, f"k{number}", Outcome.COMPLETE, toy_scores([digit] * 6), origin=origin)
    return Record(trial, {"curve": [0.5], "stopped": ""}, rejected=2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    facts = {
        "config": SearchConfig(board="nucleo_f446re").model_dump(mode="json"),
        "board": load_board("nucleo_f446re").model_dump(mode="json"),
        "code_version": "0.1.0",
        "class_names": ["a", "b"],
        "majority_baseline": 0.5,
    }
    with Store.create(tmp_path / "run", facts) as store:
        store.begin_session()
        store.add(record(0, 3, "baseline"))
        store.add(record(1, 1))
        reason = 'op <CONV_2D> & "more"'
        store.add(Record(Trial(2, [0], "k2", Outcome.FAILED, reason=reason, stage="train"), {}))
        yield store


class Links(HTMLParser):
    """Everything that a page refers to, and whether its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.targets += [v for k, v in attrs if k in ("href", "src", "xlink:href") and v]
        if tag not in ("meta", "link", "input", "br", "line", "circle", "rect", "polyline", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "circle", "rect", "polyline", "path"):
            assert self.open.pop() == tag


def parsed(path: Path) -> Links:
    links = Links()
    links.feed(path.read_text(encoding="utf-8"))
    assert links.open == []
    return links


def test_an_unfinished_run_has_a_page_that_refers_to_nothing_outside(store: Store) -> None:
    path = write_report(store)
    assert all(target.startswith(("data:", "#")) for target in parsed(path).targets)
    text = path.read_text(encoding="utf-8")
    assert "has no result yet" in text
    assert "http" not in re.sub(r"data:[^\"]*|http-equiv", "", text)
    assert "op &lt;CONV_2D&gt; &amp; &#34;more&#34;" in text
    assert "2 complete, 0 infeasible, 1 failed" in text
    assert "7 architectures proposed" in text  # 3 trials and 2 x 2 refused
    assert sorted(p.name for p in store.folder.iterdir() if "html" in p.name) == ["report.html"]


def test_emulated_latency_is_never_called_measured(store: Store) -> None:
    text = write_report(store).read_text(encoding="utf-8")
    assert "latency, ms (emulated)" in text
    assert "(measured)" not in text


def test_a_run_without_a_device_shows_no_latency(store: Store) -> None:
    with Store.create(store.folder.parent / "none", {n: store.fact(n) for n in FACTS}) as other:
        trial = replace(record(0, 3).trial, scores=replace(toy_scores([3] * 6), latency=None))
        other.begin_session()
        other.add(Record(trial, {}))
        text = write_report(other).read_text(encoding="utf-8")
    assert "latency, ms" not in text
    assert "not run" in text


FACTS = ("config", "board", "code_version", "class_names", "majority_baseline")


def test_a_finished_run_carries_its_model(store: Store, networks: Path) -> None:
    model = (networks / "tiny.tflite").read_bytes()
    result = {
        "trial": 0,
        "final_fit": True,
        "test_quality_int8": 0.875,
        "test_samples": 750,
        "scores": scores_to_json(toy_scores([3] * 6)),
        "deployment": {"counter": {"name": "DWT CYCCNT", "counts": "cycles"}},
        "files": {},
        "selection": "finalists trained 2 more times: trial 0 90.0 % (87.0 % to 93.0 %)",
        "note": "the final training failed: no memory; the trial's network is reported",
    }
    store.record_unsealing("final figures of trial 0")
    store.set_final(Final(result, model))  # type: ignore[arg-type]
    path = write_report(store)
    embedded = [t for t in parsed(path).targets if t.startswith("data:application/octet-stream")]
    assert base64.b64decode(embedded[0].split(",")[1]) == model
    text = path.read_text(encoding="utf-8")
    assert "87.5 %" in text
    assert "an estimate that ranks networks, not a measurement on a board" in text
    assert "read from DWT CYCCNT" in text
    assert "Finalists trained 2 more times: trial 0 90.0 % (87.0 % to 93.0 %)." in text
    assert "Trial 0: the final training failed: no memory; the trial&#39;s network is reported." in text


def test_a_chart_puts_points_where_their_figures_are() -> None:
    svg = scatter(
        [Point(0, 0, "trial", "a"), Point(10, 1, "trial", "b"), Point(5, 1, "trial", "c")], [], "x", "y"
    )
    places = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', svg)]
    (x0, y0), (x1, y1), (x2, y2) = places
    assert x2 == pytest.approx((x0 + x1) / 2, abs=0.1)
    assert y1 == y2 < y0  # SVG counts downwards


@pytest.mark.parametrize("values", [[3.0], [5.0, 5.0], [1e-9, 2e-9], [0.0, 1e9]])
def test_axes_survive_any_range(values: list[float]) -> None:
    assert "nan" not in scatter([Point(v, v, "trial", "t") for v in values], [], "x", "y")


def test_the_picture_is_well_formed_and_stands_alone(store: Store, tmp_path: Path) -> None:
    root = ElementTree.parse(write_picture(store, tmp_path / "front.svg")).getroot()
    namespace = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{namespace}svg"
    assert len(root.findall(f"{namespace}circle")) == 2
    assert "fill" in (root.findtext(f"{namespace}style") or "")


def test_no_points_no_chart() -> None:
    assert scatter([], [], "x", "y") == ""


def test_refusals_for_predicted_latency_are_shown(store: Store) -> None:
    assert "predicted latency" not in write_report(store).read_text(encoding="utf-8")
    trial = Trial(3, [1] * 6, "k3", Outcome.INFEASIBLE, reason="12 ms (predicted)", stage="prediction")
    store.add(Record(trial, {}))
    assert "1 of them because of their predicted latency" in write_report(store).read_text(encoding="utf-8")
