"""HELLO names the counter that figures were read from, and whatever is said of that counter names it too."""

from __future__ import annotations

import pytest

from micronas.deploy.to_json import counter_figures
from micronas.device.client import Client
from micronas.device.counter import check_clock
from micronas.device.replies import CountedBy, Counter, Info
from micronas.device.serial_link import SerialLink
from micronas.errors import DeviceError, ProtocolError
from micronas.store.deployment_figures import CounterFigures
from micronas.trial import Latency, Source
from tests.support.fake_board import FakeBoard
from tests.support.plus_one import measure_on

MEASURED = Latency(1.0, Source.MEASURED, cycles=1000)
EMULATED = Latency(1.0, Source.EMULATED, instructions=1000)
BYTE_OF = {0: "unknown", 1: "none", 2: "DWT CYCCNT", 3: "TIM2", 4: "SysTick", 5: "FPGAIO COUNTER"}


def info_of(board: FakeBoard) -> Info:
    with SerialLink(board.port, 115_200) as link:
        return Client(link).info()


@pytest.mark.parametrize(("byte", "name"), BYTE_OF.items())
def test_byte_23_of_hello_is_the_counters_name(byte: int, name: str) -> None:
    with FakeBoard(counted_by=byte) as board:
        info = info_of(board)
    assert (info.counted_by, str(info.counted_by)) == (CountedBy(byte), name)
    assert info.counter is Counter.CYCLES
    assert info.arena_bytes == 240, "what follows byte 23 lies where it did"
    assert counter_figures(info, MEASURED) == CounterFigures(name, "cycles")
    assert counter_figures(info, EMULATED) == CounterFigures(name, "instructions"), "Renode's CYCCNT"


def test_a_counter_that_the_protocol_has_not_is_refused() -> None:
    with FakeBoard(counted_by=6) as board, pytest.raises(ProtocolError, match="6 is not a valid CountedBy"):
        info_of(board)


def test_firmware_that_does_not_name_its_counter_is_measured_as_before() -> None:
    with FakeBoard(counted_by=0, count_of=lambda run: 1000) as board:
        result = measure_on(board)
    assert result.median == 1000
    assert result.info.counted_by is CountedBy.UNKNOWN


@pytest.mark.parametrize(
    ("board", "text"),
    [
        (FakeBoard(counter=0, counted_by=1), r"moves on this device \(counter: none\)"),
        (FakeBoard(count_of=lambda run: 0), r"the counter \(DWT CYCCNT\) did not move"),
        (
            FakeBoard(count_of=lambda run: 9, constant=True, counted_by=4),
            r"\(SysTick\) counts 9 .* the count does not grow with the work",
        ),
        (FakeBoard(count_of=lambda run: 2**32 - 5, counted_by=3), r"\(TIM2\) shows .* it has wrapped"),
        (FakeBoard(counter=2, count_of=lambda run: 2**31, counted_by=4), r"counter's range \(SysTick\)"),
        (FakeBoard(count_of=lambda run: 0, counted_by=0), r"the counter \(unknown\) did not move"),
    ],
)
def test_what_is_wrong_with_a_counter_is_said_by_its_name(board: FakeBoard, text: str) -> None:
    with board, pytest.raises(DeviceError, match=text):
        measure_on(board)


def test_a_clock_that_is_not_the_hosts_names_the_counter() -> None:
    board = FakeBoard(run_s=0.01, count_of=lambda run: 900_000)
    with board, SerialLink(board.port, 115_200, emulated=False) as link:
        client = Client(link)
        with pytest.raises(DeviceError, match=r"its counter \(DWT CYCCNT\) runs at"):
            check_clock(client, client.info(), 0.01)
