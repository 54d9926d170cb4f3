"""The front end beside the reported network: bytes and time, in the result and on the terminal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.board import load_board
from micronas.cli.result_text import front_end_rows
from micronas.config import SearchConfig
from micronas.data.dataset import DataKind, Dataset, DataSplit, SealedTest
from micronas.memory.front_end_cost import front_end_cost
from micronas.memory.ledger import make_ledger
from micronas.search.final.front_end import final_tables, front_end_bytes
from micronas.store.deployment_figures import (
    DeploymentFigures,
    FrontEndFigures,
    deployment_figures_from_json,
)
from tests.support.raw_words import FILE, network

BOARD = load_board("nucleo_f446re")
GRAPH = network()
SPLIT = DataSplit(np.zeros((2, 24, 20, 1), np.float32), np.arange(2))
WORDS = Dataset(
    "words", DataKind.SPECTROGRAM, SPLIT, SPLIT, SealedTest(SPLIT), FILE.labels, (0.0, 1.0), FILE.front_end
)  # fmt: skip


def tables_of(config: SearchConfig, front_end=FILE.front_end):
    return final_tables(config, replace(WORDS, front_end=front_end), GRAPH)


def test_its_bytes_are_those_of_the_ledger() -> None:
    tables, ledger = tables_of(SearchConfig()), make_ledger(GRAPH, BOARD)
    found = front_end_bytes(tables, BOARD, ledger, GRAPH)
    cost = front_end_cost(tables)
    assert found.flash_bytes == cost.flash_bytes(BOARD.core) > 2000
    assert found.sram_bytes == cost.buffer_bytes + max(0, cost.scratch_bytes - ledger.arena_bytes)


def test_there_are_none_without_c_and_for_another_runtime() -> None:
    assert tables_of(SearchConfig(), replace(FILE.front_end, name="theirs")) is None
    assert tables_of(SearchConfig(runtime="tflm", device="none")) is None
    assert front_end_bytes(None, BOARD, make_ledger(GRAPH, BOARD), GRAPH) is None


def test_it_is_a_line_of_its_own() -> None:
    found = FrontEndFigures(5000, 3000, instructions=1_500_000, ms=12.5, source="emulated")
    figures = DeploymentFigures(front_end=found)
    rows = dict(front_end_rows(figures))
    assert rows["front end"] == "4.9 KB flash and 2.9 KB SRAM, beside the network"
    assert rows["front end, per input"] == "12.50 ms emulated, 1,500,000 instructions"
    assert deployment_figures_from_json(figures.to_json()) == figures
    assert list(dict(front_end_rows(DeploymentFigures(front_end=FrontEndFigures(1, 2))))) == ["front end"]
    assert front_end_rows(DeploymentFigures()) == []
