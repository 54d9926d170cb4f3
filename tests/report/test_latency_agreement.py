"""Latencies of two sources on the page: paired per network, with their rank correlation."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from micronas.report import write_report
from micronas.report.latency_agreement import latency_agreements
from micronas.store import Record, Store
from micronas.trial import Json, Latency, Source, latency_to_json
from tests.support.report_run import DEAD, make_run
from tests.support.stored_trials import SCORES, complete, failed

PREDICTED = (1.0, 2.2, 3.0, 3.9)
MEASURED = (1.1, 2.0, 4.0, 3.9)
"""The last two are in another order than predicted: of six pairs five agree, so tau is (5 - 1) / 6."""


def latency(ms: float, source: Source) -> dict[str, Json]:
    return latency_to_json(Latency(ms, source))


def measured(number: int, predicted_ms: float, ms: float, modelled_ms: float) -> Record:
    profile: Json = {"latency": latency(ms, Source.MEASURED), "modelled_ms": modelled_ms}
    details: dict[str, Json] = {"latency_profile": profile, "latency_prediction": {"ms": predicted_ms}}
    return Record(complete(number).trial, {**details, "latency": latency(ms, Source.MEASURED)})


def modelled_and_emulated(number: int, modelled_ms: float, emulated_ms: float) -> Record:
    scores = replace(SCORES, latency=Latency(modelled_ms, Source.MODELLED))
    trial = replace(complete(number).trial, scores=scores)
    return Record(trial, {"latency": latency(emulated_ms, Source.EMULATED)})


RECORDS = [measured(i, p, m, 0.8 * m) for i, (p, m) in enumerate(zip(PREDICTED, MEASURED, strict=True))]


def test_each_pair_of_sources_has_its_own_comparison() -> None:
    records = [*RECORDS, modelled_and_emulated(4, 3.0, 2.0), modelled_and_emulated(5, 5.0, 4.0), failed(6)]
    found = {one.title: one for one in latency_agreements(records)}
    assert list(found) == [
        "predicted against measured",
        "modelled against measured",
        "modelled against emulated",
    ]
    assert [len(one.pairs) for one in found.values()] == [4, 4, 2]
    predicted = found["predicted against measured"]
    assert [(p.stated_ms, p.run_ms) for p in predicted.pairs] == list(zip(PREDICTED, MEASURED, strict=True))
    # |1/1.1 - 1| = 9.1 %, 10 %, 25 %, 0 %
    assert predicted.text == "4 networks, Kendall's tau 0.667, errors: median 9.5 %, largest 25.0 %"
    assert found["modelled against measured"].text.endswith(
        "tau 1.000, errors: median 20.0 %, largest 20.0 %"
    )
    emulated = found["modelled against emulated"].text
    assert emulated == "2 networks, Kendall's tau 1.000, modelled is 1.25 to 1.50 times emulated"


@pytest.mark.parametrize(
    "details",
    [
        {"latency_prediction": {"ms": 2.0}},  # predicted, and therefore not run
        {"latency": latency(2.0, Source.PREDICTED), "latency_prediction": {"ms": 2.0}},
        {"latency": latency(2.0, Source.MEASURED)},
        {"latency": {"ms": 2.0, "source": "guessed"}, "latency_prediction": {"ms": 2.0}},
        {**RECORDS[0].details, "repeats_trial": 0},
    ],
)
def test_a_network_with_one_source_or_counted_before_is_not_compared(details: dict[str, Json]) -> None:
    assert latency_agreements([Record(complete(0).trial, details)]) == []


def test_the_chart_has_a_mark_per_network_and_the_line_of_equal_latencies() -> None:
    chart = latency_agreements(RECORDS)[0].chart
    assert chart.count("<circle") == len(RECORDS)
    assert "predicted, ms" in chart
    assert "measured, ms" in chart
    assert "trial 2\n3.00 ms predicted\n4.00 ms measured" in chart
    assert chart.count("<polyline") == 1
    marks = [tuple(map(float, m)) for m in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', chart)]
    assert [x for x, _ in marks] == sorted(x for x, _ in marks)
    assert marks[2][1] < marks[3][1], "4.0 ms is above 3.9 ms"


def test_the_page_has_the_section_only_if_there_is_something_to_compare(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", finished=False)
    with Store.read(run) as store:
        assert "two sources" not in write_report(store, tmp_path / "page.html").read_text(encoding="utf-8")
    with Store.resume(run) as store:
        store.begin_session()
        for place, record in enumerate(RECORDS):
            number = DEAD + 1 + place
            store.add(replace(record, trial=replace(record.trial, number=number, key=f"k{number}")))
        text = write_report(store, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<h2>Latency: two sources for the same network</h2>" in text
    assert text.count('class="agreement"') == 2
    assert "<h3>Predicted against measured</h3><svg" in text
    assert "Kendall&#39;s tau 0.667" in text
    assert "Emulated latency counts instructions" not in text


def test_one_ratio_is_no_range() -> None:
    (found,) = latency_agreements([modelled_and_emulated(0, 3.0, 2.0)])
    assert found.text == "1 network, modelled is 1.50 times emulated"
