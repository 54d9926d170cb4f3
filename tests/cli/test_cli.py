"""The command line: quick, plain, exit code 2 and one message for bad input, nothing left behind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import flatbuffers
import pytest

from micronas.board import board_names, load_board
from micronas.cli.output import program
from micronas.store import Store
from tests.support.command_line import BOARD, micronas, refused
from tests.support.json_page import require_documented
from tests.support.paths import REPOSITORY

CONFIG = REPOSITORY / "search_configs" / "mnist5k.yaml"


def test_help_is_quick_and_names_every_verb(tmp_path: Path) -> None:
    start = time.process_time(), time.monotonic()
    done = micronas("--help", cwd=tmp_path)
    assert done.returncode == 0
    for verb in ("search", "bench", "check", "test", "boards", "report", "strategies", "doctor"):
        assert re.search(rf"\b{verb}\b", done.stdout)
    assert time.monotonic() - start[1] < 20.0  # a bound for a loaded machine; about 0.2 s of CPU


def test_nothing_heavy_is_imported_for_the_help(tmp_path: Path) -> None:
    script = (
        "import sys, micronas.cli;"
        "heavy = {'numpy', 'tensorflow', 'pydantic', 'jinja2', 'serial', 'rich.live'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_boards_json_has_the_profiles_figures(tmp_path: Path) -> None:
    boards = json.loads(micronas("boards", "--json", cwd=tmp_path).stdout)
    assert [b["name"] for b in boards] == list(board_names())
    (nucleo,) = (b for b in boards if b["name"] == "nucleo_f446re")
    # DS10693: Cortex-M4, 180 MHz, 512 KB flash, 128 KB SRAM
    assert nucleo["core"] == "cortex-m4"
    assert nucleo["mhz"] == 180
    assert nucleo["flash_bytes"] == 512 * 1024
    assert nucleo["sram_bytes"] == 128 * 1024


def test_output_that_no_terminal_reads_has_no_control_codes(tmp_path: Path) -> None:
    for arguments in (("boards",), ("boards", "show", "nucleo_f446re"), ("strategies",), ("--help",)):
        assert "\x1b" not in micronas(*arguments, cwd=tmp_path).stdout


def test_an_unknown_board_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    refused(micronas("boards", "show", "nucleo_f446", cwd=tmp_path), "nucleo_f446re")
    done = micronas("search", CONFIG, "--board", "nucleo_f446", cwd=tmp_path)
    refused(done, "unknown board 'nucleo_f446'", "did you mean 'nucleo_f446re'?")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ((CONFIG,), ("no board is set", "--board NAME", "micronas boards --for")),
        ((), ("no configuration was given",)),
        (
            (CONFIG, *BOARD, "--set", "constraints.flsh_kb=3"),
            ("constraints.flsh_kb", "did you mean 'constraints.flash_kb'?"),
        ),
        ((CONFIG, *BOARD, "--set", "oops"), ("expected KEY=VALUE",)),
        ((CONFIG, *BOARD, "--strategy", "aging"), ("unknown strategy 'aging'",)),
        (
            (CONFIG, *BOARD, "--strategy", "darts"),
            ("strategy darts does not work on space layerwise", "cell"),
        ),
        ((CONFIG, *BOARD, "--trials", "0"), ("budget.trials: must be greater than or equal to 1",)),
        ((CONFIG, *BOARD, "--device", "quemu"), ("device: must be",)),
        ((CONFIG, *BOARD, "--device", "serial"), ("device serial is a single board", "workers must be 1")),
        ((CONFIG, *BOARD, "--set", "data.name=mnist5000"), ("unknown data source 'mnist5000'", "mnist5k")),
        (
            (CONFIG, *BOARD, "--set", "constraints.flash_kb=4096"),
            ("flash_kb is 4096, but nucleo_f446re has 512",),
        ),
        (("nothing.yaml", *BOARD), ("configuration not found",)),
        (("--resume", "runs/none"), ("runs/none is not a run",)),
        ((CONFIG, "--resume", "runs/none"), ("only --trials and --minutes may extend it",)),
    ],
)
def test_a_bad_search_is_refused_and_leaves_nothing(tmp_path: Path, arguments, parts) -> None:
    refused(micronas("search", *arguments, cwd=tmp_path), *parts)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_key_in_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("constraints: {flash: 3}\n")
    refused(
        micronas("search", "my.yaml", *BOARD, cwd=tmp_path),
        "my.yaml: unknown key 'constraints.flash'",
        "did you mean 'constraints.flash_kb'?",
    )


def test_budgets_that_nothing_can_meet_are_refused_up_front_with_the_bytes(tmp_path: Path) -> None:
    arguments = ("--set", "constraints.flash_kb=1", "--set", "data.name=digits")
    message = refused(
        micronas("search", CONFIG, *BOARD, *arguments, cwd=tmp_path), "bytes of flash (budget 1,024)"
    )
    assert "raise constraints.flash_kb to" in message
    assert list(tmp_path.iterdir()) == []


def test_a_missing_compiler_or_emulator_is_named_with_its_package(tmp_path: Path) -> None:
    empty = tmp_path / "bin"
    empty.mkdir()
    done = micronas("search", CONFIG, *BOARD, cwd=tmp_path, PATH=str(empty))
    refused(done, "arm-none-eabi-gcc is not on PATH", "gcc-arm-none-eabi")
    (empty / "arm-none-eabi-gcc").symlink_to("/bin/true")
    done = micronas("search", CONFIG, *BOARD, cwd=tmp_path, PATH=str(empty))
    refused(done, "qemu-system-arm is not on PATH", "qemu-system-arm")
    assert [p.name for p in tmp_path.iterdir()] == ["bin"]


def test_a_run_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    arguments = ("--device", "none", "--set", "data.name=digits")
    refused(micronas("search", CONFIG, *BOARD, *arguments, cwd=tmp_path), "cannot be written", "--runs DIR")
    assert (tmp_path / "runs").read_text() == "a file"


def test_a_second_search_on_the_same_run_is_refused(tmp_path: Path) -> None:
    arguments = ("search", CONFIG, *BOARD, "--device", "none", "--set", "data.name=digits", "--run", "mine")
    with Store.create(tmp_path / "runs" / "mine", {}):
        refused(micronas("search", "--resume", "mine", cwd=tmp_path), "in use by another process (")
        refused(micronas(*arguments, cwd=tmp_path), "run mine already exists", "--resume runs/mine")


def test_a_damaged_run_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "mine"
    folder.mkdir(parents=True)
    (folder / "run.sqlite").write_bytes(b"not a database" * 100)
    refused(micronas("search", "--resume", "mine", cwd=tmp_path), "run.sqlite")
    refused(micronas("report", folder, cwd=tmp_path), "run.sqlite")


LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 54000\n"


@pytest.mark.parametrize("verb", ["check", "bench"])
@pytest.mark.parametrize(
    ("content", "part"),
    [(LFS_POINTER, "LFS"), (b"", "m.tflite"), (b"junk" * 50, "m.tflite"), (None, "m.tflite")],
)
def test_a_file_that_is_no_model_is_refused(
    tmp_path: Path, verb: str, content: bytes | None, part: str
) -> None:
    if content is not None:
        (tmp_path / "m.tflite").write_bytes(content)
    refused(micronas(verb, "m.tflite", *BOARD, cwd=tmp_path), part)


def test_a_truncated_model_is_refused(tmp_path: Path, networks: Path) -> None:
    whole = (networks / "mlperf_tiny_kws.tflite").read_bytes()
    (tmp_path / "m.tflite").write_bytes(whole[: len(whole) // 2])
    refused(micronas("bench", "m.tflite", *BOARD, cwd=tmp_path), "m.tflite")


def test_check_prints_the_verdict_and_its_json_has_the_documented_keys(
    tmp_path: Path, networks: Path
) -> None:
    model = networks / "mlperf_tiny_vww.tflite"
    fits = micronas("check", model, *BOARD, "--json", cwd=tmp_path)
    assert fits.returncode == 0
    no_banks = ("region", "bytes", "tensors", "scratch_of_ops")
    require_documented("check MODEL", json.loads(fits.stdout), absent=no_banks, free=["regions"])
    tight = micronas("check", model, *BOARD, "--sram-kb", 32, "--json", cwd=tmp_path)
    verdict = json.loads(tight.stdout)
    assert tight.returncode == 1
    assert not verdict["fits"]
    assert verdict["sram_bytes"] > 32 * 1024
    assert "SRAM" in verdict["reasons"][0]


def test_check_for_tflite_micro_counts_the_file(tmp_path: Path, networks: Path) -> None:
    model = networks / "tiny.tflite"  # in the canonical form already
    done = micronas("check", model, *BOARD, "--runtime", "tflm", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["flash_bytes"] == model.stat().st_size
    refused(
        micronas("check", "x.tflite", *BOARD, "--runtime", "tfl", cwd=tmp_path),
        "--runtime tfl",
        "micronas, tflm",
    )


OF_ACCURACY = (
    *("split", "samples", "available", "figure", "device", "host", "outputs", "inputs", "answers_apart"),
    *("confusion", "classes", "front_end_counts", "errors", "why_features", "differing", "most_steps"),
)


@pytest.mark.emulator
def test_bench_json_has_the_documented_keys_and_equal_outputs(tmp_path: Path, networks: Path) -> None:
    done = micronas("bench", networks / "tiny.tflite", *BOARD, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["accuracy"] is None  # tests/docs/test_your_data_guides.py compares its keys
    require_documented("bench MODEL", result, free=["regions"], absent=OF_ACCURACY)
    assert result["parity"] == {"elements": 8, "mismatches": 0}
    latency, board = result["latency"], load_board("nucleo_f446re")
    assert (latency["source"], latency["wait_states"]) == ("modelled", 5)
    assert latency["low_ms"] == pytest.approx(0.85 * latency["ms"])
    assert latency["high_ms"] == pytest.approx(1.15 * latency["ms"])
    cycles = [op["cycles"] for op in result["per_op"]]
    assert latency["ms"] == pytest.approx(1000 * sum(cycles) / board.clock.hz, rel=0.01)
    assert result["instructions"] < sum(cycles) < 4 * result["instructions"]
    assert {op["bound_by"] for op in result["per_op"]} <= {"arithmetic", "loads", "flash", "branches"}
    assert len({result["sram"][k] for k in ("predicted", "linked", "reported")}) == 1
    assert result["flash"]["constants"]["predicted"] == result["flash"]["constants"]["linked"]
    assert result["counter"] == {"name": "TIM2", "counts": "instructions"}
    assert len(result["per_op"]) == 3
    assert list(tmp_path.iterdir()) == []


def test_doctor_json_names_what_is_missing(tmp_path: Path) -> None:
    done = micronas("doctor", "--json", cwd=tmp_path, PATH=str(tmp_path))
    findings = {f["what"]: f for f in json.loads(done.stdout)}
    assert done.returncode == 1
    assert not findings["qemu-system-arm"]["ok"]
    assert "apt install" in findings["qemu-system-arm"]["remedy"]
    assert findings["Python"]["ok"]


def test_flatbuffers_without_a_model_inside_are_refused(tmp_path: Path) -> None:
    builder = flatbuffers.Builder(64)
    builder.StartObject(1)
    builder.Finish(builder.EndObject())
    (tmp_path / "m.tflite").write_bytes(bytes(builder.Output()))
    refused(micronas("check", "m.tflite", *BOARD, cwd=tmp_path), "m.tflite")


def test_flash_never_touches_an_unnamed_board(tmp_path: Path, networks: Path) -> None:
    model = networks / "tiny.tflite"
    done = micronas("flash", model, *BOARD, "--probe", "0671FF", cwd=tmp_path)
    assert done.returncode == 2
    assert "no debug probe with serial number 0671FF" in done.stderr
    refused(micronas("flash", model, "--board", "nothing", cwd=tmp_path), "unknown board 'nothing'")


def test_searching_without_tensorflow_says_what_to_install(tmp_path: Path) -> None:
    script = (
        "import importlib.util as u; find = u.find_spec;"
        "u.find_spec = lambda name, *rest: None if name == 'tensorflow' else find(name, *rest);"
        "from micronas.cli import main; main()"
    )
    command = [sys.executable, "-c", script, "search", str(CONFIG), *BOARD]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    refused(done, "a search needs tensorflow", "pip install 'tensorflow<")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("argv0", "path", "expected"),
    [
        ("venv/bin/micronas", "venv/bin", "micronas"),
        ("venv/bin/micronas", "elsewhere", "venv/bin/micronas"),
        ("src/micronas/__main__.py", "venv/bin", "python -m micronas"),
    ],
)
def test_what_it_says_to_type_next_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv0: str, path: str, expected: str
) -> None:
    script = tmp_path / "venv" / "bin" / "micronas"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / argv0)])
    monkeypatch.setenv("PATH", str(tmp_path / path))
    assert program() == expected
