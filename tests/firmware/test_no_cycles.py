"""No two files of a program need each other: a driver calls nothing of the program that is built on it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from micronas.board import load_board
from micronas.deploy.mlperf.firmware import RunMode, dut_program
from micronas.deploy.mlperf.task import TASKS
from micronas.firmware import build_firmware
from micronas.firmware.program import SERVER
from tests.support.paths import FIRMWARE_MODELS

NM = "arm-none-eabi-nm"


def needs(folder: Path) -> Mapping[str, set[str]]:
    """Object file, with its folder -> those that define a symbol it leaves undefined."""
    defined_in: dict[str, str] = {}
    undefined: dict[str, set[str]] = {}
    for path in folder.rglob("*.o"):
        own = f"{path.parent.name}/{path.name}"
        done = subprocess.run([NM, "--extern-only", str(path)], capture_output=True, text=True, check=True)
        for line in done.stdout.splitlines():
            *_, kind, name = line.split()
            if kind == "U":
                undefined.setdefault(own, set()).add(name)
            else:
                defined_in[name] = own
    return {
        path: {defined_in[name] for name in names if name in defined_in} for path, names in undefined.items()
    }


@pytest.mark.emulator
@pytest.mark.parametrize(("program", "model"), [("server", "counted.c"), ("mlperf", "mlperf_classes.c")])
def test_the_objects_have_an_order(program: str, model: str, tmp_path: Path) -> None:
    board = load_board("nucleo_f767zi")  # has caches, too
    built = SERVER if program == "server" else dut_program(board, TASKS["kws01"], RunMode.ENERGY, "PB13")
    source = (FIRMWARE_MODELS / model).read_text(encoding="utf-8")
    build_firmware(
        {"mn_model.c": source}, board, workdir=tmp_path, cache_dir=tmp_path / "cache", program=built
    )
    found = needs(tmp_path)
    assert len(found) > 10
    (port,) = (wanted for name, wanted in found.items() if name.endswith("/mn_port.o"))
    assert any(name.endswith("/mn_usart.o") for name in port)
    try:
        TopologicalSorter(found).prepare()
    except CycleError as error:
        pytest.fail(f"a cycle: {' -> '.join(error.args[1])}")
