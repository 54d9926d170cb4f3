"""Every bad state of a machine has a line of its own that says what to do, and never to be root."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from micronas.cli.doctor.finding import Finding, first_line, tool
from micronas.cli.doctor.hardware import RULES, HostMachine, examine_hardware
from micronas.cli.doctor.packages import _optional, examine_packages, examine_python
from micronas.cli.doctor.tools import (
    examine_machines,
    examine_own_platform,
    examine_registry,
    examine_uploaders,
)
from micronas.device.ports import Port
from micronas.device.usb import UsbDevice
from micronas.errors import ToolMissingError
from tests.support.fake_tools import Tools
from tests.support.paths import FIRMWARE

SERIAL = "066DFF505055657867184411"
PROBE = UsbDevice("ST-LINK/V2-1", SERIAL, "1-1", "/dev/bus/usb/001/004")
PORT = Port("/dev/ttyACM0", SERIAL, "ST-LINK/V2-1")
MODEM = Port("/dev/ttyACM1", "866112030", "", "Mobile Broadband")


def machine(tmp_path: Path, **changed: Any) -> HostMachine:
    """One probe, its port, everything allowed, nobody else there; rules installed."""
    rules = tmp_path / "rules.d"
    rules.mkdir()
    (rules / RULES).touch()
    parts: dict[str, Any] = {
        "ports": lambda: (PORT, MODEM),
        "usb": lambda: (PROBE,),
        "holders": lambda device: (),
        "may_open": lambda path: True,
        "group_of": lambda path: "dialout",
        "proc": tmp_path,
        "rules_dirs": (rules,),
    }
    return HostMachine(**parts | changed)


def found(findings: list[Finding], what: str) -> Finding:
    (finding,) = [f for f in findings if f.what == what]
    return finding


def test_a_machine_with_a_board_is_well(tmp_path: Path, tools: Tools) -> None:
    tools.add("openocd", "echo 'Open On-Chip Debugger 0.12.0' >&2")
    findings = examine_hardware(machine(tmp_path))
    assert all(f.ok for f in findings)
    assert found(findings, f"ST-LINK/V2-1 {SERIAL}").detail == "at USB 1-1"
    assert found(findings, "uploader for ST-LINK").detail == "Open On-Chip Debugger 0.12.0"
    assert found(findings, "/dev/ttyACM0").remedy == ""
    assert not [f for f in findings if f.what == MODEM.device]


def test_nothing_attached_is_no_fault(tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tools.folder))
    findings = examine_hardware(machine(tmp_path, ports=lambda: (MODEM,), usb=lambda: ()))
    assert all(f.ok for f in findings)
    assert "data" in found(findings, "debug probes").remedy


def test_a_port_without_permission_names_group_and_rule(tmp_path: Path) -> None:
    closed = machine(tmp_path, may_open=lambda path: path != PORT.device)
    line = found(examine_hardware(closed), PORT.device)
    assert not line.ok
    assert "group dialout" in line.remedy
    assert str(FIRMWARE / "udev" / RULES) in line.remedy
    assert (FIRMWARE / "udev" / RULES).is_file()
    assert "sudo" not in line.remedy


def test_a_probe_without_permission_names_group_and_rule(tmp_path: Path) -> None:
    closed = machine(tmp_path, may_open=lambda path: path != PROBE.node, group_of=lambda path: "root")
    line = found(examine_hardware(closed), f"ST-LINK/V2-1 {SERIAL}")
    assert not line.ok
    assert PROBE.node in line.detail
    assert "plugdev" in line.remedy
    assert RULES in line.remedy


def test_a_port_in_use_names_who_has_it(tmp_path: Path) -> None:
    line = found(examine_hardware(machine(tmp_path, holders=lambda device: ("minicom (42)",))), PORT.device)
    assert not line.ok
    assert "minicom (42)" in line.detail


@pytest.mark.parametrize(
    ("ruled", "attached", "ok"), [(False, True, False), (True, True, True), (False, False, True)]
)
def test_modem_manager_is_a_fault_where_it_can_do_harm(
    ruled: bool, attached: bool, ok: bool, tmp_path: Path
) -> None:
    changed: dict[str, Any] = {} if ruled else {"rules_dirs": ()}
    if not attached:
        changed |= {"ports": lambda: (), "usb": lambda: ()}
    (tmp_path / "812").mkdir()
    (tmp_path / "812" / "comm").write_text("ModemManager\n")
    line = found(examine_hardware(machine(tmp_path, **changed)), "ModemManager")
    assert line.ok == ok
    assert line.detail.startswith("runs")
    assert ruled or RULES in line.remedy


def test_two_probes_of_one_serial_number_are_named(tmp_path: Path) -> None:
    clones = (PROBE, UsbDevice(PROBE.kind, SERIAL, "1-2"))
    lines = [f for f in examine_hardware(machine(tmp_path, usb=lambda: clones)) if not f.ok]
    assert any("2 devices have this serial number" in f.detail for f in lines)


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("ST-LINK/V3", "apt install openocd"),
        ("STM32 boot loader", "apt install dfu-util"),
        ("J-Link", "SEGGER"),
        ("Black Magic Probe", "gdb-multiarch"),
    ],
)
def test_an_attached_probe_without_its_tool_is_a_fault(
    kind: str, remedy: str, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tools.folder))
    wrong = [f for f in examine_uploaders((kind,)) if not f.ok]
    assert len(wrong) == 1
    assert remedy in wrong[0].remedy


def test_qemu_without_a_machine_that_a_board_names_is_a_fault(tools: Tools) -> None:
    tools.add("qemu-system-arm", "echo 'Supported machines are:'; echo 'netduinoplus2   Netduino Plus 2'")
    (line,) = examine_machines()
    assert not line.ok
    assert "mps2-an386" in line.detail
    assert "netduinoplus2" not in line.detail


def test_a_program_that_does_not_run_is_a_fault(tools: Tools) -> None:
    tools.add("qemu-system-arm", "exit 127")
    assert not tool("x", lambda: first_line(["qemu-system-arm", "--version"])).ok


def test_what_is_only_for_some_is_no_fault() -> None:
    def absent() -> str:
        raise ToolMissingError("Renode is not here", remedy="get it")

    assert not tool("x", absent).ok
    optional = tool("x", absent, optional="--device renode")
    assert optional.ok
    assert (optional.detail, optional.remedy) == (
        "Renode is not here; only needed for --device renode",
        "get it",
    )


def test_platformio_without_a_compiler_is_a_fault(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tools.folder))
    line = examine_own_platform()
    assert not line.ok
    assert "gcc-arm-none-eabi" in line.remedy


@pytest.mark.parametrize(
    ("wanted", "installed", "ok"),
    [(None, False, True), ("ststm32", True, True), ("ststm32", False, False), ("avr", True, False)],
)
def test_the_registrys_platform_is_a_fault_only_when_it_is_wanted(
    wanted: str | None, installed: bool, ok: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MICRONAS_PLATFORM", raising=False)
    if wanted:
        monkeypatch.setenv("MICRONAS_PLATFORM", wanted)
    if installed:
        (tmp_path / "platforms" / "ststm32").mkdir(parents=True)
    line = examine_registry(tmp_path)
    assert line.ok == ok
    assert ok or line.remedy


def versions(**installed: str) -> Any:
    def version_of(name: str) -> str:
        try:
            return installed[name.replace("-", "_")]
        except KeyError:
            raise PackageNotFoundError(name) from None

    return version_of


def test_a_missing_package_says_what_it_is_for() -> None:
    findings = examine_packages(versions(numpy="1.26.4"))
    tensorflow = found(findings, "tensorflow")
    assert not tensorflow.ok
    assert "searching" in tensorflow.detail
    assert "'tensorflow<" in tensorflow.remedy
    assert "'pebble>" in tensorflow.remedy
    assert found(findings, "tflite-micro").ok
    assert found(findings, "tflite-micro").remedy


def test_numpy_2_with_an_interpreter_for_numpy_1_is_a_fault() -> None:
    line = found(
        examine_packages(versions(numpy="2.1.0", tflite_runtime="2.14.0")), "tflite-runtime with NumPy"
    )
    assert not line.ok
    assert "numpy<2" in line.remedy
    assert not [
        f for f in examine_packages(versions(numpy="1.26", tflite_runtime="2.14")) if "with" in f.what
    ]


def test_an_old_python_is_a_fault() -> None:
    assert not examine_python((3, 10, 2)).ok
    assert examine_python((3, 11, 0)).ok


def test_tensorflow_is_not_imported_and_json_has_stable_keys() -> None:
    script = (
        "import sys\nfrom micronas.cli import main\nsys.argv = ['micronas', 'doctor', '--json']\n"
        "try:\n    main()\nfinally:\n    assert not {'tensorflow', 'tflite_micro'} & sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    lines = json.loads(done.stdout)
    assert all(list(line) == ["what", "ok", "detail", "remedy"] for line in lines)
    assert done.returncode == (0 if all(line["ok"] for line in lines) else 1)
    assert not any("sudo" in line["remedy"] for line in lines)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    return Tools(tmp_path / "bin", monkeypatch)


@pytest.mark.parametrize(
    ("python", "system", "names"),
    [
        ((3, 11), "linux", ["tflite-runtime", "tflite-micro"]),
        ((3, 13), "linux", ["tflite-micro"]),
        ((3, 11), "win32", []),
    ],
)
def test_nothing_is_asked_for_that_the_registry_lacks(
    python: tuple[int, int], system: str, names: list[str]
) -> None:
    """tflite-runtime ends with Python 3.11, tflite-micro is for Linux: as in pyproject.toml."""
    assert [name for name, _ in _optional(python, system)] == names
