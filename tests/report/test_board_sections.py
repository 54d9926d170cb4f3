"""The page of a search for several boards: every board with its winner, its limits and its commands."""

from __future__ import annotations

import base64
import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from micronas.config import parse_config
from micronas.report import write_report
from micronas.report.chart import Range
from micronas.report.downloads import downloads
from micronas.report.front_networks import front_networks
from micronas.report.run_data import read_run
from micronas.store import Store
from micronas.store import stored_setup as stored
from micronas.store.stored_setup import stored_budgets
from micronas.trial import Json, Outcome
from tests.support.browser import look
from tests.support.report_run import BOARD, WIDTHS, make_run

OTHER = "nucleo_f103rb"
KB = 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "two", other=OTHER)


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    with Store.read(folder) as store:
        return write_report(store).read_text(encoding="utf-8")


def test_the_page_begins_with_every_board_its_winner_and_its_limits(page: str) -> None:
    assert " on ST NUCLEO-F446RE (Cortex-M4, 180 MHz) and ST NUCLEO-F103RB (Cortex-M3, 72 MHz)," in page
    table = re.findall(r'<table id="boards">(.*?)</table>', page, re.DOTALL)[0]
    rows = [re.sub("<.*?>", " ", row).split() for row in table.split("<tr>")[2:]]
    assert " ".join(rows[0][:6]) == "ST NUCLEO-F446RE trial 3 87.5 %"
    assert " ".join(rows[1][:6]) == "ST NUCLEO-F103RB trial 2 75.0 %"
    for row, (flash_kb, sram_kb) in zip(rows, ((512, 128), (128, 20)), strict=True):
        assert f" {flash_kb}.0 KB " in " ".join(row)
        assert f" {sram_kb}.0 KB " in " ".join(row)
    assert [" ".join(row[-3:]) for row in rows] == ["5.00 ms emulated", "12.00 ms emulated"]
    for anchor in re.findall(r'href="#(.*?)"', table):
        assert f'id="{anchor}"' in page


def test_each_further_board_has_the_commands_that_repeat_its_trials(page: str) -> None:
    section = re.findall(rf'<section id="board-{OTHER}">(.*?)</section>', page, re.DOTALL)[0]
    assert re.search(rf"micronas rebuild \S*two 2 --board {OTHER}<", section)
    assert re.search(rf"micronas pick \S*two TRIAL --board {OTHER}<", section)
    assert "The network for ST NUCLEO-F446RE" in page
    assert "Architectures of the front on ST NUCLEO-F446RE" in page


def test_the_trials_of_every_board_can_be_downloaded(folder: Path) -> None:
    with Store.read(folder) as store:
        file = downloads(read_run(store), folder / "report.html").files[0]
    text = base64.b64decode(file.href.partition(",")[2]).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    done = [row for row in rows if row["outcome"] == Outcome.COMPLETE.value]
    assert [row["board"] for row in done] == [BOARD] * len(WIDTHS) + [OTHER] * len(WIDTHS)
    assert [float(row["latency_ms"]) for row in done if row["trial"] == "1"] == [3.0, 9.0]


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_of_the_page_is_cut_and_every_link_leads_somewhere(
    folder: Path, page: str, tmp_path: Path, width: int
) -> None:
    script = """
      const links = [...page.querySelectorAll('a[href^="#"]')];
      const dead = links.filter(a => !page.getElementById(a.getAttribute("href").slice(1)));
      const root = page.documentElement;
      return {dead: dead.map(a => a.href), over: root.scrollWidth - root.clientWidth,
              charts: page.querySelectorAll("section .charts svg").length};
    """
    seen = look(folder / "report.html", script, tmp_path, width=width)
    assert seen.found == {"dead": [], "over": 0, "charts": 3}
    assert seen.console == []


def test_limits_are_those_of_each_board_less_the_front_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit that a further board cannot meet is all that it has."""
    limits = {"flash_kb": 256, "sram_kb": 16}
    config: Json = parse_config({"board": BOARD, "constraints": limits}).model_dump(mode="json")
    with Store.read(folder) as store:
        facts = store.fact

        def fact(key: str) -> Json:
            return config if key == "config" else facts(key)

        monkeypatch.setattr(store, "fact", fact)
        found = stored_budgets(store)
        assert {name: (one.flash_bytes, one.sram_bytes) for name, one in found.items()} == {
            BOARD: (256 * KB, 16 * KB),
            OTHER: (128 * KB, 16 * KB),
        }
        monkeypatch.setattr(stored, "cost_of_file", lambda _: _Cost())
        found = stored_budgets(store)
    assert found[BOARD].flash_bytes == 256 * KB - 700
    assert found[OTHER].flash_bytes == 128 * KB - 700
    assert {one.sram_bytes for one in found.values()} == {16 * KB - 300}


class _Cost:
    """A front end of 700 bytes of flash and 300 of SRAM."""

    buffer_bytes = 300

    def flash_bytes(self, core: object) -> int:
        return 700


def test_the_reported_network_is_drawn_though_it_is_not_on_the_front(folder: Path) -> None:
    with Store.read(folder) as store:
        records = store.records()
        scores = records[1].trial.scores
        assert scores is not None
        assert scores.latency is not None
        slow = replace(scores, latency=replace(scores.latency, ms=50.0))
        records[1] = replace(records[1], trial=replace(records[1].trial, scores=slow))
        assert [network.record.trial.number for network in front_networks(store, records)] == [0, 2, 3]
        drawn = front_networks(store, records, reported=1)
        assert [network.record.trial.number for network in drawn] == [1, 0, 2, 3]
        drawn = front_networks(store, records, reported=2)
        assert [network.record.trial.number for network in drawn] == [0, 2, 3]


def test_an_axis_of_shares_ends_at_all_of_them() -> None:
    assert Range.around([100.0]).up_to(100.0).ticks() == [90.0, 95.0, 100.0]
    assert Range.around([60.0, 98.0]).up_to(100.0).high == 100.0
    assert Range.around([2.0, 7.0]).up_to(None) == Range.around([2.0, 7.0])
