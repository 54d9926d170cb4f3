"""Measurements: their source, their parity, and the counters that are not believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.deploy.measure import first_wrong_op, measure
from micronas.device.client import Client
from micronas.device.counter import check_count
from micronas.device.serial_link import SerialLink
from micronas.errors import DeviceError
from micronas.model.graph import DType, Graph, Op, Tensor
from micronas.trial import Source
from tests.support.fake_board import CLOCK_HZ, SIZE, FakeBoard
from tests.support.paths import FIRMWARE_MODELS
from tests.support.plus_one import BOARD, EXPECTED, SAMPLES, measure_on, plus_one_graph


def test_cycles_of_a_real_core_are_measured() -> None:
    with FakeBoard(count_of=lambda run: 180_000 + 10 * run) as board:
        result = measure_on(board)
    assert result.latency.source is Source.MEASURED
    assert result.latency.ms == pytest.approx(1000 * result.median / CLOCK_HZ)
    assert (result.latency.cycles, result.latency.instructions) == (round(result.median), None)
    # The timed runs are the last ones; before them come self-test, clock check, samples and warm-up.
    assert result.counts == tuple(180_000 + 10 * run for run in range(board.runs - 14, board.runs + 1))
    assert (result.median, result.spread, result.runs.iqr) == (result.counts[7], 140, 70)
    assert result.runs.warm_up == 2


@pytest.mark.parametrize(("counter", "emulated"), [(2, True), (2, False), (1, True)])
def test_an_emulators_count_is_never_measured(counter: int, emulated: bool) -> None:
    with FakeBoard(counter=counter, count_of=lambda run: 100_000) as board:
        result = measure_on(board, emulated=emulated)
    assert result.latency.source is Source.EMULATED
    assert (result.latency.cycles, result.latency.instructions) == (None, 100_000)
    assert result.latency.ms == pytest.approx(1000 * 100_000 * 1.55 / 180e6)


def test_an_emulator_may_be_timed_without_warming_up() -> None:
    with FakeBoard(count_of=lambda run: 100_000 + run) as board:
        result = measure_on(board, emulated=True, warm_up=0)
    assert result.runs.warm_up == 0
    assert result.counts == tuple(100_000 + run for run in range(board.runs - 4, board.runs + 1))


def test_equal_outputs_have_parity_and_ops_their_counts() -> None:
    with FakeBoard() as board:
        result = measure_on(board)
    assert (result.parity.elements, result.parity.mismatches, result.parity.first) == (36, 0, None)
    assert [(op.index, op.kind, op.count) for op in result.per_op] == [(0, "ADD", 700), (1, "RESHAPE", 300)]


def test_a_wrong_element_is_counted_and_the_op_named() -> None:
    offsets = {0: 0, 1: 0, 2: SIZE}
    tensors = {1: EXPECTED[0][:1], 2: EXPECTED[0][:1]}
    with FakeBoard(wrong_output=True) as board:
        result = measure_on(board)
        with SerialLink(board.port, 115200) as link:
            wrong = first_wrong_op(Client(link), plus_one_graph(), offsets, SAMPLES, 0, tensors)
    first = result.parity.first
    assert result.parity.mismatches == 3
    assert first is not None
    assert (first.sample, first.output, first.element, first.device, first.reference) == (0, 0, 5, 7, 6)
    assert wrong == 1


@pytest.mark.parametrize(
    ("board", "text"),
    [
        (FakeBoard(counter=0), "neither a cycle counter"),
        (FakeBoard(count_of=lambda run: 0), "did not move"),
        (FakeBoard(count_of=lambda run: 1000, constant=True), "the count does not grow with the work"),
        (FakeBoard(count_of=lambda run: 2**32 - 5), "it has wrapped"),
        (FakeBoard(board="black_f407vg"), "black_f407vg"),
    ],
)
def test_what_cannot_be_believed_is_refused(board: FakeBoard, text: str) -> None:
    with board, pytest.raises(DeviceError, match=text):
        measure_on(board)


def test_another_build_is_refused() -> None:
    with FakeBoard() as board, pytest.raises(DeviceError, match="not ff"):
        measure_on(board, build_id=b"\xff" * 16)


def test_a_network_of_other_ops_is_refused() -> None:
    graph = plus_one_graph()
    longer = replace(graph, ops=(*graph.ops, Op("RESHAPE", (2,), (2,))))
    with FakeBoard() as board, SerialLink(board.port, 115200) as link:
        client = Client(link)
        with pytest.raises(DeviceError, match="network in the firmware has 2 ops, this one 3"):
            measure(client, longer, BOARD, SAMPLES, EXPECTED)


def test_a_count_that_may_have_wrapped_is_refused() -> None:
    with FakeBoard() as board, SerialLink(board.port, 115200) as link:
        info = Client(link).info()
    check_count(1000, 23.0, info)
    with pytest.raises(DeviceError, match="wrapped"):
        check_count(1000, 24.0, info)  # 2^32 cycles at 180 MHz are 23.86 s


@pytest.mark.emulator
def test_a_network_in_qemu_agrees_with_arithmetic_done_here(tmp_path: Path, firmware_cache: Path) -> None:
    from micronas.device.qemu import QemuDevice
    from micronas.firmware import build_firmware

    source = (FIRMWARE_MODELS / "tiny.c").read_text(encoding="utf-8")
    firmware = build_firmware({"mn_model.c": source}, BOARD, workdir=tmp_path, cache_dir=firmware_cache)
    x = np.random.default_rng(0).integers(-9, 9, (4, 10), dtype=np.int8)
    y = (x.sum(axis=1) + 20).astype(np.int8).reshape(4, 1)
    tensors = (Tensor("x", (1, 10), DType.INT8), Tensor("y", (1, 1), DType.INT8))
    graph = Graph(
        "tiny", tensors, (Op("A", (0,), (0,)), Op("B", (0,), (0,)), Op("C", (0,), (1,))), (0,), (1,)
    )
    with QemuDevice(BOARD, firmware.elf) as link:
        result = measure(Client(link), graph, BOARD, [x], [y], build_id=firmware.build_id)
    assert (result.parity.elements, result.parity.mismatches) == (4, 0)
    assert result.latency.source is Source.EMULATED
    assert result.spread == 0
    assert sum(op.count for op in result.per_op) == pytest.approx(result.median, rel=0.3)
