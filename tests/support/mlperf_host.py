"""The firmware of firmware/mlperf on the host: its C with sanitizers, its UART on stdin and stdout."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from micronas.board import load_board
from micronas.deploy.mlperf.firmware import RunMode, mlperf_header
from micronas.deploy.mlperf.task import MlperfTask
from tests.support.host_c import build_program
from tests.support.paths import FIRMWARE

HERE = Path(__file__).parent
STAND_INS = HERE / "mlperf_c"
MLPERF = FIRMWARE / "mlperf"
KERNELS = FIRMWARE / "lib" / "mn_kernels"
INCLUDES = [STAND_INS, MLPERF, FIRMWARE / "src", FIRMWARE / "port" / "common", KERNELS]
# The fault handler is assembler; everything else runs anywhere.
SOURCES = [p for p in sorted(MLPERF.glob("*.c")) if p.name not in ("mlperf_fault.c", "main.c")]

NONE, CYCLES, INSTRUCTIONS = 0, 1, 2


@dataclass(frozen=True)
class Said:
    """What the device said on its UART, and what the stand-in for its hardware saw."""

    uart: bytes
    hardware: list[str]


@dataclass(frozen=True)
class HostDut:
    """A compiled device."""

    program: Path

    def run(self, sent: bytes, *, kind: int = CYCLES, step: int = 0, waits: int = 1) -> Said:
        """Everything that it says from start-up on, given ``sent``; see mlperf_c/port.c for the numbers."""
        done = subprocess.run(
            [self.program, str(kind), str(step), str(waits)], input=sent, capture_output=True, timeout=60
        )
        assert done.returncode == 0, done.stderr.decode()
        return Said(done.stdout, done.stderr.decode().splitlines())


def build_host_dut(
    task: MlperfTask,
    model: Path,
    folder: Path,
    *,
    compiler: str = "gcc",
    mode: RunMode = RunMode.PERFORMANCE,
    pin: str | None = None,
    emulated: bool = False,
) -> HostDut:
    """Compile the device of ``task`` around the network in ``model``."""
    header = mlperf_header(load_board("netduinoplus2"), task, mode, pin, emulated=emulated)
    (folder / "mn_mlperf.h").write_text(header, encoding="utf-8")
    renamed = (
        (MLPERF / "main.c").read_text(encoding="utf-8").replace("int main(void)", "int mlperf_main(void)")
    )
    (folder / "mlperf_main.c").write_text("int mlperf_main(void);\n" + renamed, encoding="utf-8")
    text = model.read_text(encoding="utf-8").replace("#ifndef INPUTS", _sizes(task) + "#ifndef INPUTS")
    (folder / "model.c").write_text(text, encoding="utf-8")
    own = [folder / "mlperf_main.c", folder / "model.c", STAND_INS / "port.c"]
    own += [KERNELS / "mn_quantize_f32.c", KERNELS / "mn_arena.c", KERNELS / "mn_reset.c"]
    own += [KERNELS / "mn_run.c"]
    return HostDut(build_program(compiler, [*SOURCES, *own], [folder, *INCLUDES], folder / "dut"))


def _sizes(task: MlperfTask) -> str:
    return f"#define INPUTS {task.input_bytes}\n#define OUTPUTS {task.outputs}\n"
