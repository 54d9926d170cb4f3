"""Verbs whose output goes to a reader that leaves, to a closed descriptor, or to a full disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from micronas.board import Core, load_board
from micronas.codegen import generate
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.config import parse_config
from micronas.memory.plan import plan_memory
from micronas.report import write_report
from micronas.store import Store
from tests.support.random_cases import random_case

MICRONAS = [sys.executable, "-m", "micronas"]
LISTINGS = [
    ("--help",),
    ("--version",),
    ("boards",),
    ("boards", "show", "nucleo_f446re"),
    ("strategies", "--json"),
]
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
EVERY_BUFFERING = [BUFFERED, BUFFERED | {"PYTHONUNBUFFERED": "1"}]


@pytest.mark.parametrize("environment", EVERY_BUFFERING, ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("words", LISTINGS, ids=" ".join)
def test_a_reader_that_left_before_the_first_byte_changes_nothing(
    words: tuple[str, ...], environment: dict[str, str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*MICRONAS, *words], stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, env=environment
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_left_does_not_change_the_verdict(tmp_path: Path) -> None:
    big, small = (
        ["check", tmp_path / "kws.tflite", "--board", board, "--json", "--prefer", "sram"]
        for board in ("stm32vldiscovery", "nucleo_f446re")
    )
    subprocess.run([*MICRONAS, "networks", "write", "ds_cnn_s", "--out", big[1]], check=True, timeout=60)
    for arguments, verdict in ((big, 1), (small, 0)):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([*MICRONAS, *map(str, arguments)], stdout=writer, timeout=60, env=BUFFERED)
        os.close(writer)
        assert done.returncode == verdict


def test_a_reader_that_left_both_streams_changes_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*MICRONAS, "boards"], stdout=writer, stderr=writer, timeout=60, env=BUFFERED)
    os.close(writer)
    assert done.returncode == 0


@pytest.mark.parametrize("environment", EVERY_BUFFERING, ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("words", LISTINGS, ids=" ".join)
def test_a_closed_stdout_is_as_good_as_dev_null(words: tuple[str, ...], environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&-', "sh", *MICRONAS, *words],
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_printed_never_lands_in_a_file_that_got_the_closed_number(tmp_path: Path) -> None:
    """With 1 and 2 closed, the first files that a verb opens would be "stdout" and "stderr"."""
    out = tmp_path / "kws.tflite"
    arguments = ["networks", "write", "ds_cnn_s", "--out"]
    command = [*MICRONAS, *arguments]
    subprocess.run([*command, out], check=True, timeout=60, capture_output=True)
    closed = tmp_path / "closed.tflite"
    done = subprocess.run(
        ["/bin/sh", "-c", '"$@" <&- >&- 2>&-', "sh", *command, closed], timeout=60, env=BUFFERED
    )
    assert done.returncode == 0
    assert closed.read_bytes() == out.read_bytes()


@pytest.mark.parametrize("environment", EVERY_BUFFERING, ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("words", LISTINGS, ids=" ".join)
def test_a_full_disk_is_one_message(words: tuple[str, ...], environment: dict[str, str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*MICRONAS, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, env=environment
        )
    assert done.returncode == 2
    assert done.stderr.startswith(
        "micronas: system: standard output: No space left on device\n  free disk space"
    )
    assert done.stderr.count("\n") == 2


@pytest.mark.parametrize(
    ("environment", "shown"),
    [({"PYTHONIOENCODING": "ascii"}, b"gr\\xf6\\xdfe"), ({"PYTHONIOENCODING": "utf-8"}, "größe".encode())],
    ids=["ascii", "utf-8"],
)
def test_a_name_beyond_the_terminals_characters_is_escaped(
    environment: dict[str, str], shown: bytes, tmp_path: Path
) -> None:
    command = [*MICRONAS, "networks", "write", "ds_cnn_s", "--out", tmp_path / "größe.tflite"]
    done = subprocess.run(command, capture_output=True, timeout=60, env=BUFFERED | environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert shown in done.stdout


def test_a_name_that_is_no_text_is_shown_as_its_bytes(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/gr\xf6\xdfe.tflite"
    command = [*MICRONAS, "networks", "write", "ds_cnn_s", "--out", name]
    done = subprocess.run(command, capture_output=True, timeout=60, env=BUFFERED)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"gr\xf6\xdfe.tflite" in done.stdout


def test_a_model_whose_name_is_no_text_is_built() -> None:
    graph = random_case("SOFTMAX", np.random.default_rng(1))
    name = os.fsdecode(b"gr\xf6\xdfe */ \n")
    lowered = lower_graph(graph, Target(Core.M4F))
    (text,) = generate(graph, lowered, plan_memory(graph, lowered), name=name).values()
    assert (
        text.encode("utf-8").decode("utf-8").startswith("/* gr\\udcf6\\udcdfe * /  : generated by micronas.")
    )


def test_a_run_whose_name_is_no_text_has_a_report(tmp_path: Path) -> None:
    facts = {
        "config": parse_config({"board": "nucleo_f446re"}).model_dump(mode="json"),
        "board": load_board("nucleo_f446re").model_dump(mode="json"),
        "class_names": ["a", "b"],
        "majority_baseline": 0.5,
    }
    with Store.create(tmp_path / os.fsdecode(b"kl\xe4-1"), facts) as store:
        page = write_report(store)
    assert "kl\\udce4-1" in page.read_text(encoding="utf-8")


def test_an_unbuffered_log_holds_what_was_printed_before_a_kill(tmp_path: Path) -> None:
    """The header of a search, in a log that is read while it runs."""
    script = (
        "import sys, time\nfrom micronas.cli.streams import prepare_streams\n"
        "prepare_streams()\nprint('the header')\nprint('x' * 100_000)\n"
        "sys.stderr.write('ready\\n')\ntime.sleep(60)\n"
    )
    with (tmp_path / "log").open("wb") as log:
        other = subprocess.Popen(
            [sys.executable, "-c", script],
            stdout=log,
            stderr=subprocess.PIPE,
            env=BUFFERED | {"PYTHONUNBUFFERED": "1"},
        )
    assert other.stderr is not None
    other.stderr.readline()
    other.kill()
    other.wait()
    assert (tmp_path / "log").read_text().splitlines() == ["the header", "x" * 100_000]
