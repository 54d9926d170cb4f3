"""The table of code sizes against what is linked now, and how it is looked up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from micronas.board import Core, load_board
from micronas.errors import BudgetError
from micronas.memory import codesize
from micronas.memory.codesize import firmware_size, load_tables, nearest_version
from tests.support.paths import MEASURE_COMMAND, TOOLS

BOARD = "nucleo_f446re"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    sys.path.insert(0, str(TOOLS))
    try:
        import measure_code_size

        board = load_board(BOARD)
        return measure_code_size.measure_core(board, [board], tmp_path_factory.mktemp("measured"))
    finally:
        sys.path.remove(str(TOOLS))


@pytest.mark.slow
@pytest.mark.emulator
def test_the_committed_table_is_what_is_linked_now(measured: dict[str, object]) -> None:
    """Fails after any change of firmware/ that moves a size, until the table is measured anew."""
    table = next(
        (t for t in load_tables() if (t.core, t.compiler) == (measured["core"], measured["compiler"])), None
    )
    if table is None:
        pytest.skip(f"no table for gcc {measured['compiler']}")
    now = codesize._parse(measured)
    stale = f"sizes have changed: run `{MEASURE_COMMAND}` and commit micronas/memory/codesize.json"
    assert table.kernels.keys() == now.kernels.keys(), stale
    for kernel in now.kernels:
        old, new = _code(table, kernel), _code(now, kernel)
        assert abs(old - new) <= 0.01 * new, f"{kernel}: {old} in the table, {new} linked; {stale}"
    family = load_board(BOARD).family
    assert table.families[family].static == now.families[family].static, stale
    assert table.families[family].code == pytest.approx(now.families[family].code, rel=0.005), stale
    assert table.bytes_per_op == pytest.approx(now.bytes_per_op, abs=2), stale


def _code(table: codesize.Table, kernel: str) -> int:
    return sum(table.units[unit].code + table.units[unit].rodata for unit in table.kernels[kernel])


@pytest.mark.emulator
@pytest.mark.parametrize("name", ["mlperf_tiny_kws", "tiny", "mlperf_tiny_ad", "mlperf_tiny_ic"])
def test_the_promise_for_published_networks_is_within_one_percent(
    networks: Path, tmp_path: Path, firmware_cache: Path, name: str
) -> None:
    from micronas.codegen import generate
    from micronas.codegen.lowering import Target
    from micronas.codegen.lowering.lower import lower_graph
    from micronas.firmware import build_firmware
    from micronas.memory.plan import plan_memory
    from micronas.model.tflite import read

    board = load_board(BOARD)
    graph = read(networks / f"{name}.tflite")
    lowered = lower_graph(graph, Target(board.core))
    promised = firmware_size(board, frozenset(op.kernel for op in lowered), len(lowered))
    source = generate(graph, lowered, plan_memory(graph, lowered), name=name)
    linked = build_firmware(source, board, workdir=tmp_path, cache_dir=firmware_cache).linked
    assert promised.static_bytes == linked.static
    ours, theirs = promised.code_bytes + promised.rodata_bytes, linked.code + linked.rodata
    assert abs(ours - theirs) <= 0.01 * theirs, f"promised {ours}, linked {theirs}: run `{MEASURE_COMMAND}`"


def test_kernels_that_share_code_pay_for_it_once() -> None:
    board = load_board(BOARD)
    table = next(t for t in load_tables() if t.core == board.core.value)
    a, b = "mn_conv2d_dsp", "mn_conv2d_1x1_dsp"
    shared = set(table.kernels[a]) & set(table.kernels[b])
    assert shared
    apart = sum(firmware_size(board, frozenset({k}), 0).code_bytes for k in (a, b))
    base = firmware_size(board, frozenset(), 0).code_bytes
    together = firmware_size(board, frozenset({a, b}), 0).code_bytes
    assert apart - base - together == sum(table.units[unit].code for unit in shared)


def test_what_was_never_measured_is_refused() -> None:
    board = load_board(BOARD)
    with pytest.raises(BudgetError, match="mn_unheard_of"):
        firmware_size(board, frozenset({"mn_unheard_of"}), 1)
    with pytest.raises(BudgetError, match=rf"for {Core.M55.value}\n  cores with code sizes: .*cortex-m4"):
        firmware_size(board.model_copy(update={"core": Core.M55}), frozenset(), 1)


def test_another_compiler_takes_the_nearest_table_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert nearest_version("13.1.0", ["9.3.1", "12.2.1", "14.2.1"]) == "12.2.1"
    assert nearest_version("12.3.0", ["11.9.9", "12.2.1"]) == "12.2.1"
    assert nearest_version(None, ["9.3.1", "12.2.1"]) == "12.2.1"
    monkeypatch.setattr(codesize, "_installed_compiler", lambda: "10.3.1")
    assert "not 10.3.1" in firmware_size(load_board(BOARD), frozenset(), 1).warning
    monkeypatch.setattr(codesize, "_installed_compiler", lambda: None)
    assert firmware_size(load_board(BOARD), frozenset(), 1).warning == ""
