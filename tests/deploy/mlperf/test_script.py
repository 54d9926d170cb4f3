"""The host of MLPerf Tiny's protocol against a device on a pseudo terminal that misbehaves by a script."""

from __future__ import annotations

import time

import pytest

from micronas.deploy.mlperf.dut import Dut, Inference
from micronas.deploy.mlperf.samples import File
from micronas.deploy.mlperf.script import Window, run_accuracy, run_performance
from micronas.deploy.mlperf.task import TASKS
from micronas.device.serial_link import SerialLink
from micronas.errors import DataError, DeadlineError, DeviceError, ProtocolError
from tests.support.mlperf_fake_dut import FakeDut

KWS, AD = TASKS["kws01"], TASKS["ad01"]
INPUT = bytes(range(245)) * 2


def dut_of(fake: FakeDut) -> Dut:
    return Dut(SerialLink(fake.port, 115_200))


def test_what_is_sent_and_what_comes_of_it() -> None:
    with FakeDut() as fake:
        dut = dut_of(fake)
        about = dut.about()
        dut.load(INPUT)
        got = dut.infer(7, 2, deadline_s=5)
    assert (about.name, about.model, about.board) == ("micronas bench_top", "kws01", "bench_top")
    assert (about.build_id, about.counter) == ("00ff", "cycles")
    assert got == Inference(7, 7_000, (0.25, 0.75))
    # 490 bytes are 15 commands of 31 and one of 25
    assert fake.commands[:4] == ["name", "profile", "help", "db load 490"]
    assert fake.commands[4] == "db " + INPUT[:31].hex()
    assert fake.commands[19] == "db " + INPUT[465:].hex()
    assert fake.commands[20:] == ["infer 7 2"]
    assert max(map(len, fake.commands)) <= 80
    assert fake.loaded == INPUT
    assert dut.transcript[:3] == ["> name%", "< m-name-dut-[micronas bench_top]", "< m-ready"]


def test_no_answer_is_a_deadline_that_is_kept() -> None:
    with FakeDut(answers={"name": b""}) as fake:
        started = time.monotonic()
        with pytest.raises(DeadlineError, match=r"no m-ready after 'name' within 0\.4 s$"):
            dut_of(fake).command("name", deadline_s=0.4)
        assert 0.4 <= time.monotonic() - started < 30


def test_half_a_line_is_a_deadline_that_shows_it() -> None:
    with (
        FakeDut(answers={"name": b"m-name-dut-[micro"}) as fake,
        pytest.raises(DeadlineError, match=r"received: \['m-name-dut-\[micro'\]"),
    ):
        dut_of(fake).command("name", deadline_s=0.4)


def test_lines_that_come_in_pieces_are_put_together() -> None:
    with FakeDut(pieces=True) as fake:
        assert dut_of(fake).about().name == "micronas bench_top"


def test_a_ready_inside_another_line_is_none() -> None:
    with (
        FakeDut(answers={"name": b"m-name-dut-[m-ready]\r\nxm-ready\r\n"}) as fake,
        pytest.raises(DeadlineError),
    ):
        dut_of(fake).command("name", deadline_s=0.4)


def test_noise_before_an_answer_is_passed_over() -> None:
    noise = b"\xff\x00AT+GCAP\r\nm-res\r\n"
    with FakeDut(before=noise) as fake:
        dut = dut_of(fake)
        dut.load(INPUT)
        assert dut.infer(1, 0, deadline_s=5).results == (0.25, 0.75)


def test_step_is_found_again_after_late_answers_and_half_a_command() -> None:
    with FakeDut() as fake:
        dut = dut_of(fake)
        fake.say(b"m-lap-us-1\r\nm-ready\r\nm-results-[9]\r\nm-ready\r\n")
        dut.link.write(b"db 00")  # a runner that was stopped in the middle
        dut.synchronise()
        assert dut.about().model == "kws01"
        assert fake.commands[0] == "db 00"


def test_nobody_there_is_said_with_what_to_do() -> None:
    with FakeDut(mute=True) as fake, pytest.raises(DeadlineError, match="--protocol mlperf-tiny"):
        dut_of(fake).synchronise(deadline_s=0.8)


@pytest.mark.parametrize("command", ["name", "profile"])
def test_another_device_is_refused(command: str) -> None:
    with (
        FakeDut(answers={command: b"hello\r\nm-ready\r\n"}) as fake,
        pytest.raises(ProtocolError, match=f"'{command}' was answered with"),
    ):
        dut_of(fake).about()


def test_an_error_line_is_raised_with_its_text() -> None:
    with FakeDut() as fake, pytest.raises(ProtocolError, match=r"e-\[Unknown command: quark\]"):
        dut_of(fake).command("quark 3")


def test_a_load_that_is_not_acknowledged_is_an_error() -> None:
    with (
        FakeDut(answers={"db load 490": b"m-[Expecting 49 bytes]\r\nm-ready\r\n"}) as fake,
        pytest.raises(ProtocolError, match="Expecting 490"),
    ):
        dut_of(fake).load(INPUT)
    with FakeDut(loses=3) as fake, pytest.raises(ProtocolError, match="did not receive all of them"):
        dut_of(fake).load(INPUT)


@pytest.mark.parametrize(
    "answer",
    [
        b"m-lap-us-1\r\nm-results-[0.5]\r\nm-ready\r\n",
        b"m-lap-us-1\r\nm-lap-us-2\r\nm-ready\r\n",
        b"m-lap-us-1\r\nm-lap-us-2\r\nm-results-[0.5]\r\nm-results-[0.5]\r\nm-ready\r\n",
        b"m-lap-us-1\r\nm-lap-us-2\r\nm-results-[0.5,x]\r\nm-ready\r\n",
        b"m-lap-us-1\r\nm-lap-us-2\r\nm-results-[]\r\nm-ready\r\n",
        b"m-lap-us-1\r\nm-lap-us--2\r\nm-results-[0.5]\r\nm-ready\r\n",
    ],
)
def test_an_infer_that_lacks_something_is_an_error(answer: bytes) -> None:
    with FakeDut(answers={"infer 1 0": answer}) as fake, pytest.raises(ProtocolError):
        dut_of(fake).infer(1, 0, deadline_s=5)


def test_performance_runs_windows_long_enough_and_takes_the_median() -> None:
    """1 ms a run: 10.5 s are 10,500 runs. One window is disturbed."""
    with FakeDut(us_per_inference=[1000, 1000, 1000, 1300, 1000, 1000]) as fake:
        performance = run_performance(dut_of(fake), INPUT)
    infers = [c for c in fake.commands if c.startswith("infer")]
    assert infers == ["infer 10 0"] + ["infer 10500 10"] * 5
    assert performance.windows[2] == Window(10_500, 13_650_000)
    assert performance.throughput == pytest.approx(1000)
    assert performance.by_the_rules


def test_a_window_that_ends_too_early_is_no_result() -> None:
    with (
        FakeDut(us_per_inference=[1000, 500]) as fake,
        pytest.raises(DeviceError, match=r"took 5\.250 s by the device's time, less than 10 s"),
    ):
        run_performance(dut_of(fake), INPUT)


def test_time_that_stands_still_is_no_result() -> None:
    with (
        FakeDut(us_per_inference=[0]) as fake,
        pytest.raises(DeviceError, match="10 inferences took 0 us"),
    ):
        run_performance(dut_of(fake), INPUT)


def test_energy_mode_has_no_throughput() -> None:
    with (
        FakeDut(answers={"infer 10 0": b"m-results-[0.5]\r\nm-ready\r\n"}) as fake,
        pytest.raises(DeviceError, match="signals time on a pin"),
    ):
        run_performance(dut_of(fake), INPUT)


def test_accuracy_loads_and_runs_each_file_once() -> None:
    vectors = [[0.9, 0.1] + [0.0] * 10, [0.2, 0.8] + [0.0] * 10, [0.6, 0.4] + [0.0] * 10]
    files = [File((INPUT,), 0), File((INPUT,), 1), File((INPUT,), 1)]
    with FakeDut(results=vectors) as fake:
        accuracy = run_accuracy(dut_of(fake), KWS, files)
    assert (accuracy.files, accuracy.inferences) == (3, 3)
    assert accuracy.top1 == pytest.approx(2 / 3)
    assert accuracy.auc == pytest.approx(1.0)
    assert [c for c in fake.commands if c.startswith("infer")] == ["infer 1 0"] * 3


def test_an_anomalous_file_scores_the_mean_of_its_windows() -> None:
    window = bytes(2560)
    files = [File((window, window), 0), File((window, window), 1), File((window,), 0)]
    with FakeDut(results=[[1.0], [9.0], [6.0], [6.0], [5.5]], model="ad01") as fake:
        accuracy = run_accuracy(dut_of(fake), AD, files)
    assert (accuracy.files, accuracy.inferences, accuracy.top1) == (3, 5, None)
    assert accuracy.auc == 1.0  # 6 above 5 and 5.5


def test_results_and_labels_must_be_the_tasks() -> None:
    with (
        FakeDut(results=[[0.5, 0.5]]) as fake,
        pytest.raises(DeviceError, match="have 2 numbers, kws01 needs 12"),
    ):
        run_accuracy(dut_of(fake), KWS, [File((INPUT,), 0)])
    with (
        FakeDut(results=[[0.5] * 12]) as fake,
        pytest.raises(DataError, match="labels"),
    ):
        run_accuracy(dut_of(fake), KWS, [File((INPUT,), 12)])
