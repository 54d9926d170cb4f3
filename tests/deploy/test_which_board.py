"""`micronas boards --for MODEL`: what fits is what the linker says, and the fastest board comes first."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer

from micronas.board import Board, Core, board_names, load_board
from micronas.cli.check import check
from micronas.cli.which_board import print_boards_for
from micronas.deploy import which_board
from micronas.deploy.deployment import build
from micronas.deploy.which_board import fits_of, instructions_on, ordered, with_latency
from micronas.errors import ConfigError, DeviceError
from micronas.memory.front_end_cost import FrontEndCost
from micronas.model.graph import Graph, Tensor
from micronas.model.net.shape_graph import shape_graph
from micronas.space.reference.mlperf_tiny import keyword_ds_cnn
from tests.support.random_windows import conv_2d

INSTRUCTIONS = {Core.M0PLUS: 17_000, Core.M3: 12_000, Core.M4F: 3_400, Core.M7: 3_500, Core.M33: 3_600}


def keyword_graph() -> Graph:
    """MLPerf Tiny's DS-CNN with zeros for weights: an STM32F100 with 8 KB holds it only by rows."""

    def filled(tensor: Tensor) -> Tensor:
        if not tensor.is_constant or tensor.data is not None:
            return tensor
        return replace(tensor, data=np.zeros(tensor.shape, tensor.dtype.value))

    graph = shape_graph(keyword_ds_cnn())
    return replace(graph, tensors=tuple(filled(tensor) for tensor in graph.tensors))


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that reads as the network."""
    monkeypatch.setattr("micronas.model.tflite.read", lambda path: keyword_graph())
    return tmp_path / "net.tflite"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Core]:
    """Counts by core instead of runs; which cores were asked for."""
    asked: list[Core] = []

    def count(graph: Graph, boards: list[Board]) -> int:
        (core,) = {board.core for board in boards}
        asked.append(core)
        return INSTRUCTIONS[core]

    monkeypatch.setattr(which_board, "instructions_on", count)
    return asked


@pytest.mark.emulator
@pytest.mark.slow
@pytest.mark.parametrize("name", ["nucleo_g071rb", "bluepill_f103c8"])
def test_bytes_to_spare_are_what_the_linker_leaves(name: str, tmp_path: Path, firmware_cache: Path) -> None:
    board = load_board(name)
    (fit,) = fits_of(keyword_graph(), [board])
    linked = build(keyword_graph(), board, workdir=tmp_path, cache_dir=firmware_cache).firmware.linked
    assert fit.fits
    assert fit.sram_spare_bytes == board.sram_bytes - linked.sram_bytes
    code_bytes = linked.code + linked.rodata
    assert abs(fit.flash_spare_bytes - (board.flash_bytes - linked.flash_bytes)) <= 0.01 * code_bytes


def too_small() -> Board:
    """An STM32F100 with 4 KB."""
    board = load_board("stm32vldiscovery")
    ram = (r.model_copy(update={"length": 4096}) if r.name == "sram" else r for r in board.regions)
    return board.model_copy(update={"regions": tuple(ram)})


def test_every_board_is_judged_and_the_smallest_takes_rows() -> None:
    fits = {fit.board.name: fit for fit in fits_of(keyword_graph())}
    assert fits.keys() == set(board_names())
    assert all(fit.fits and fit.sram_spare_bytes >= 0 for fit in fits.values())
    assert [name for name, fit in fits.items() if fit.by_rows] == ["stm32vldiscovery"]


def test_a_board_that_no_plan_fits_is_refused_with_its_reason() -> None:
    (refused,) = fits_of(keyword_graph(), [too_small()])
    assert not refused.fits
    assert not refused.by_rows
    assert refused.sram_spare_bytes < 0
    assert refused.reasons


def test_a_latency_is_counted_once_per_core_and_the_fastest_comes_first(counted: list[Core]) -> None:
    timed, remarks = with_latency(keyword_graph(), fits_of(keyword_graph()))
    assert remarks == []
    assert len(counted) == len(INSTRUCTIONS)
    assert set(counted) == set(INSTRUCTIONS)
    listed = ordered(timed)
    assert listed[-1].by_rows
    assert listed[-1].latency is None
    times = [fit.latency.ms for fit in listed[:-1] if fit.latency]
    assert len(times) == len(listed) - 1
    assert times == sorted(times)
    (f446,) = (fit for fit in listed if fit.board.name == "nucleo_f446re")
    assert f446.latency
    assert f446.latency.source.value == "emulated"
    cycles = 3_400 * load_board("nucleo_f446re").timing.cycles_per_instruction
    assert f446.latency.ms == pytest.approx(cycles / 180_000)


def test_without_an_emulator_the_table_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    fits, remarks = with_latency(keyword_graph(), fits_of(keyword_graph()))
    assert all(fit.latency is None for fit in fits)
    assert len(remarks) == 1
    assert remarks[0].startswith("no latency: ")


def test_a_core_that_cannot_be_run_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def count(graph: Graph, boards: list[Board]) -> int:
        if boards[0].core is Core.M33:
            raise DeviceError("no such machine")
        return 1000

    monkeypatch.setattr(which_board, "instructions_on", count)
    fits, remarks = with_latency(keyword_graph(), fits_of(keyword_graph()))
    assert remarks == ["no latency on cortex-m33: no such machine"]
    untimed = {fit.board.core for fit in fits if not fit.latency and not fit.by_rows}
    assert untimed == {Core.M33}


def test_boards_that_do_not_fit_come_by_the_bytes_they_lack() -> None:
    near, far = (
        replace(fit, fits=False, sram_spare_bytes=-over)
        for fit, over in zip(fits_of(keyword_graph())[:2], (10, 5000), strict=True)
    )
    assert ordered([far, near]) == [near, far]


@pytest.mark.emulator
@pytest.mark.slow
def test_instructions_are_those_of_bench(tmp_path: Path) -> None:
    """On an M3 that QEMU has: within the reading of a counter per op of another M3 machine."""
    graph = conv_2d(np.random.default_rng(3))
    own, other = load_board("netduino2"), load_board("nucleo_f103rb")
    assert abs(instructions_on(graph, [own]) - instructions_on(graph, [other])) <= 8 * len(graph.ops)


def test_the_verbs_print_it(model: Path, capsys: pytest.CaptureFixture[str], counted: list[Core]) -> None:
    assert print_boards_for(model, run=True, as_json=True)
    rows = json.loads(capsys.readouterr().out)
    assert rows[0].keys() == {"board", "fits", "by_rows", "reasons", "flash", "sram", "latency"}
    assert (rows[0]["board"], rows[0]["latency"]["source"]) == ("nucleo_h743zi2", "emulated")
    assert print_boards_for(model, run=True, as_json=False)
    said = capsys.readouterr().out
    assert said.startswith(f"net.tflite fits 23 of {len(board_names())} boards.")
    assert "yes, by rows" in said
    assert "--board nucleo_h743zi2" in said.splitlines()[-1]
    counted.clear()
    check(model, board=None)
    said = capsys.readouterr().out
    assert "fits 23 of" in said
    assert f"micronas boards --for {model}" in said
    assert counted == [], "check runs nothing"


def test_check_without_a_board_refuses_what_is_about_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="need a board"):
        check(tmp_path / "net.tflite", board=None, sram_kb=20.0)


def test_a_network_that_fits_nowhere_is_exit_code_1(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = too_small()
    monkeypatch.setattr(which_board, "load_board", lambda name: tiny)
    with pytest.raises(typer.Exit) as ended:
        check(model, board=None)
    assert ended.value.exit_code == 1


def test_the_front_end_counts_on_every_board() -> None:
    graph = keyword_graph()
    cost = FrontEndCost("logmel", 2000, 3000, 2048)
    boards = [load_board(name) for name in ("nucleo_f446re", "bluepill_f103c8")]
    for alone, both in zip(fits_of(graph, boards), fits_of(graph, boards, cost), strict=True):
        core = alone.board.core
        assert both.flash_bytes - alone.flash_bytes == cost.flash_bytes(core)
        assert both.flash_spare_bytes == alone.flash_spare_bytes - cost.flash_bytes(core)
        assert both.sram_bytes - alone.sram_bytes >= cost.buffer_bytes


def test_a_front_end_that_fills_a_board_alone_is_a_reason() -> None:
    board = load_board("bluepill_f103c8")
    (fit,) = fits_of(keyword_graph(), [board], FrontEndCost("logmel", 2000, 30_000, 2048))
    assert not fit.fits
    assert "front end" in fit.reasons[0]
