"""A whole application in a CI of one's own: its samples, its own script, and what it must print."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from micronas.board import load_board
from micronas.cli.renode_script import renode_script
from micronas.device.renode import find_renode
from micronas.device.renode.additions import FEED_ORIGIN, Additions
from micronas.device.renode.app_script import write_app_scripts
from micronas.device.renode.control import RenodeControl
from micronas.device.renode.device import free_ports
from micronas.device.renode.robot import cell
from micronas.errors import ConfigError
from tests.support.paths import SUPPORT
from tests.support.renode_monitor import Monitor, MonitorError
from tests.support.renode_stand_in import install_stand_in

BOARD = load_board("nucleo_f446re")
SAMPLES = bytes(range(1, 200)) * 11
KEYWORDS = SUPPORT / "emulator" / "renode-keywords.robot"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    path = tmp_path / "app.elf"
    path.write_bytes(b"\x7fELF and so on")
    return path


def test_the_samples_lie_where_the_chip_has_nothing(tmp_path: Path, app: Path) -> None:
    out = tmp_path / "a folder"
    files = write_app_scripts(out, BOARD, app, "ready", Additions(SAMPLES))
    assert {f.name for f in files} == {p.name for p in out.iterdir()}
    monitor = Monitor()
    monitor.execute_script(str(out / "board.resc"))
    length = int.from_bytes(monitor.memory_at(FEED_ORIGIN, 4), "little")
    assert monitor.memory_at(FEED_ORIGIN + 4, length) == SAMPLES
    assert monitor.strays == {"UnexpectedReads": 0, "UnexpectedWrites": 0}
    assert not any(r.origin <= FEED_ORIGIN < r.end for r in BOARD.regions)


def test_the_users_own_script_is_run_from_where_it_lies(tmp_path: Path, app: Path) -> None:
    """It names files beside itself by $ORIGIN, and may add to the machine."""
    (own := tmp_path / "my scripts").mkdir()
    (own / "sensor.repl").write_text("sensor: Memory.ArrayMemory @ sysbus 0x50000000\n    size: 0x400\n")
    (own / "value.bin").write_bytes(b"\x2a")
    script = own / "my.resc"
    script.write_text("# mine\nsysbus LoadBinary $ORIGIN/value.bin 0x20000000\n")
    out = tmp_path / "out"
    write_app_scripts(out, BOARD, app, "ready", Additions(include=script))
    assert "include $ORIGIN/../my\\ scripts/my.resc" in (out / "board.resc").read_text()
    monitor = Monitor()
    monitor.execute_script(str(out / "board.resc"))
    assert monitor.execute("sysbus ReadByte 0x20000000").strip() == "0x2A"
    assert monitor.origin is None
    script.unlink()
    with pytest.raises(MonitorError, match="Could not find file"):
        Monitor().execute_script(str(out / "board.resc"))


@pytest.mark.parametrize("expected", [f"samples {len(SAMPLES)} sum {sum(SAMPLES)}", "samples 3"])
def test_robot_framework_waits_for_what_the_application_prints(
    tmp_path: Path, app: Path, monkeypatch: pytest.MonkeyPatch, expected: str
) -> None:
    """The stand-in's application sums up its samples, so that it is right only if it has them."""
    if importlib.util.find_spec("robot") is None:
        pytest.skip("robotframework is not installed")
    out = tmp_path / "out"
    write_app_scripts(out, BOARD, app, expected, Additions(SAMPLES))
    install_stand_in(tmp_path, monkeypatch)
    (port,) = free_ports(1)
    with subprocess.Popen([find_renode(), "--robot-server-port", str(port), "--disable-gui"]) as renode:
        try:
            RenodeControl(port).await_ready(20, lambda: True)
            variables = {"RENODEKEYWORDS": KEYWORDS, "PORT_NUMBER": port}
            options = [part for name, v in variables.items() for part in ("--variable", f"{name}:{v}")]
            robot = [sys.executable, "-m", "robot", *options, "--outputdir", str(tmp_path / "results")]
            done = subprocess.run(
                [*robot, str(out / "application.robot")],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            renode.kill()
    right = expected.endswith(str(sum(SAMPLES)))
    assert done.returncode == (0 if right else 1), done.stdout
    assert ("Terminal tester failed!" in done.stdout) != right


def test_text_for_robot_framework_is_one_argument() -> None:
    assert cell("a=1  ${x} \\ #") == "a\\=1 \\ \\${x} \\\\ \\#"


def test_the_verb_writes_an_applications_files(
    tmp_path: Path, app: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("samples.raw").write_bytes(SAMPLES)
    renode_script(board="nucleo_g071rb", out=Path("ci"), app=app, expect="class 3", feed=Path("samples.raw"))
    said = capsys.readouterr().out
    assert "5 files in ci" in said
    assert "renode-test ci/application.robot" in said
    assert Path("ci/feed.bin").stat().st_size == 4 + len(SAMPLES)
    assert "Wait For Line On Uart    class 3" in Path("ci/application.robot").read_text()


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "give either MODEL or --app"),
        ({"model": "m.tflite", "app": "app.elf"}, "give either MODEL or --app"),
        ({"app": "app.elf"}, "--app and --expect belong together"),
        ({"model": "m.tflite", "expect": "x"}, "--app and --expect belong together"),
        ({"app": "none.elf", "expect": "x"}, "--app none.elf: file not found"),
        ({"app": "raw.bin", "expect": "x"}, "--app raw.bin: is not an ELF file"),
        ({"app": "app.elf", "expect": "x", "feed": "no"}, "--feed no: file not found"),
        ({"app": "app.elf", "expect": "x", "include": "no"}, "--include no: file not found"),
    ],
)
def test_what_does_not_go_together_is_refused(
    tmp_path: Path, app: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("raw.bin").write_bytes(b"\x00\x01")
    options: dict[str, Any] = {k: v if k == "expect" else Path(v) for k, v in given.items()}
    with pytest.raises(ConfigError, match=complaint):
        renode_script(board="nucleo_f446re", out=Path("out"), **options)
    assert not Path("out").exists()
