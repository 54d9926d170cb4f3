"""The files for a CI of one's own, run by Robot Framework against the stand-in where it is installed."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from micronas.board import load_board
from micronas.deploy.deployment import build, random_samples
from micronas.device.framing import Decoder, Message
from micronas.device.renode import find_renode
from micronas.device.renode.control import RenodeControl
from micronas.device.renode.device import free_ports
from micronas.device.renode.script import write_scripts
from micronas.model.interpreter import run_batch
from tests.support.paths import SUPPORT
from tests.support.random_windows import conv_2d
from tests.support.renode_monitor import Monitor
from tests.support.renode_stand_in import install_stand_in

KEYWORDS = SUPPORT / "emulator" / "renode-keywords.robot"


@dataclass(frozen=True)
class Written:
    """The folder that was written, and what the network's one input and one output are and where."""

    folder: Path
    input_at: int
    input: bytes
    output_at: int
    output: bytes

    @property
    def robot(self) -> Path:
        return self.folder / "network.robot"

    @property
    def frame(self) -> bytes:
        sent = re.findall(r"^    Send Byte    (0x\w\w)$", self.robot.read_text(), re.MULTILINE)
        return bytes(int(value, 16) for value in sent)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, firmware_cache: Path) -> Written:
    graph, board = conv_2d(np.random.default_rng(3)), load_board("nucleo_f446re")
    work = tmp_path_factory.mktemp("renode-script")
    built = build(graph, board, workdir=work / "build", cache_dir=firmware_cache)
    inputs = random_samples(graph, 1, seed=0)
    outputs = run_batch(graph, inputs)
    plan, out = built.ledger.plan, work / "a folder"  # with a space, as a user's may have
    files = write_scripts(out, graph, board, built.firmware, plan, [inputs[0][0]], [outputs[0][0]])
    assert {f.name for f in files} == {p.name for p in out.iterdir()}
    arena = built.firmware.image.symbol("mn_arena").address
    at = [arena + plan.offsets[t] for t in (graph.inputs[0], graph.outputs[0])]
    return Written(out, at[0], inputs[0][0].tobytes(), at[1], outputs[0][0].tobytes())


@pytest.mark.emulator
def test_the_script_s_files_hold_the_reference_s_outputs(written: Written) -> None:
    robot = written.robot.read_text()
    found = re.findall(r"Byte Should Be    (0x\w{8})    (0x\w\w)", robot)
    assert [int(a, 16) for a, _ in found] == [written.output_at + i for i in range(len(written.output))]
    assert bytes(int(value, 16) for _, value in found) == written.output
    assert (written.folder / "poison0.bin").read_bytes() == bytes(b ^ 255 for b in written.output)
    assert (written.folder / "input0.bin").read_bytes() == written.input
    assert f"Load Tensor    poison0.bin    {written.output_at:#010x}" in robot
    assert f"Load Tensor    input0.bin    {written.input_at:#010x}" in robot
    (frame,) = Decoder().feed(written.frame)
    assert (frame.type, frame.payload) == (Message.RUN, b"\x01\xff\xff\xff\xff")


@pytest.mark.emulator
def test_the_script_makes_the_machine_from_the_files_beside_it(written: Written) -> None:
    monitor = Monitor()
    assert monitor.execute_script(str(written.folder / "board.resc")) == ""
    assert monitor.machine == "nucleo_f446re"
    assert monitor.elf
    assert monitor.platform
    assert monitor.execute("start") == "Starting emulation...\r\n"


@pytest.mark.emulator
@pytest.mark.parametrize("computes", [True, False])
def test_robot_framework_passes_the_right_outputs_only(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, computes: bool
) -> None:
    """Against the stand-in, with the keywords of Renode's tests/renode-keywords.robot that are used."""
    if importlib.util.find_spec("robot") is None:
        pytest.skip("robotframework is not installed")
    network = {"frame": written.frame.hex(), "outputs": {}}
    if computes:
        network["outputs"] = {written.output_at: written.output.hex()}
    log = install_stand_in(tmp_path, monkeypatch)
    monkeypatch.setenv("FAKE_RENODE_NETWORK", json.dumps(network))
    (port,) = free_ports(1)
    with subprocess.Popen([find_renode(), "--robot-server-port", str(port), "--disable-gui"]) as renode:
        try:
            RenodeControl(port).await_ready(20, lambda: True)
            done = run_robot(written.robot, port, tmp_path / "results")
        finally:
            renode.kill()
    assert done.returncode == (0 if computes else 1), done.stdout
    assert "1 test, " in done.stdout
    runs = [line for line in log.read_text().splitlines() if "RunFor" in line]
    assert len(runs) == 2
    if not computes:
        assert f"!= {written.output[0]}\n" in done.stdout


def run_robot(suite: Path, port: int, results: Path) -> subprocess.CompletedProcess[str]:
    """As ``renode-test`` runs it: an absolute path in RENODEKEYWORDS, and the server's port."""
    variables = {"RENODEKEYWORDS": KEYWORDS, "PORT_NUMBER": port, "RESULTS_DIRECTORY": results}
    options = [part for name, value in variables.items() for part in ("--variable", f"{name}:{value}")]
    command = [sys.executable, "-m", "robot", *options, "--outputdir", str(results), str(suite)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
