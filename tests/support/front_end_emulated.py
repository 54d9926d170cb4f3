"""Front ends in QEMU: the same samples, the same bits as on the host, and the instructions of a clip."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from micronas.board import Core
from micronas.codegen.front_end import AudioTables
from tests.support.front_end_c import FRONT_ENDS, audio_program
from tests.support.host_c import WARNINGS
from tests.support.model_runner import EMULATOR, HOST, MACHINES, compile_all, needs

TICK_INSTRUCTIONS = 40
"""The board's SysTick counts 25 MHz, and QEMU lets an instruction take 1 ns."""

PROGRAM = """
#include "harness.h"

int run_models(void)
{{
    static int16_t clip[{samples}];
    static int8_t input[{count}];
    volatile uint32_t *const systick = (volatile uint32_t *)0xe000e010u;
    uint32_t clips = 0;
    systick[1] = 0xffffffu;
    systick[2] = 0;
    systick[0] = 5;
    if (harness_read(&clips, sizeof clips)) {{
        return 1;
    }}
    while (clips-- > 0u) {{
        if (harness_read(clip, sizeof clip)) {{
            return 2;
        }}
        const uint32_t before = systick[2];
        if (run_0(clip, {samples}u, {step}u, input) == 0u) {{
            return 3;
        }}
        const uint32_t ticks = (before - systick[2]) & 0xffffffu;
        if (harness_write(&ticks, sizeof ticks) || harness_write(input, sizeof input)) {{
            return 4;
        }}
    }}
    return 0;
}}
"""


@dataclass(frozen=True, eq=False)
class Emulated:
    """``inputs`` int8 (N, values); ``instructions`` (N,) of each clip, to the nearest tick."""

    inputs: npt.NDArray[np.int8]
    instructions: npt.NDArray[np.int64]


def run_audio_emulated(
    tables: AudioTables, clips: npt.NDArray[np.int16], step: int, folder: Path, core: Core
) -> Emulated:
    """``clips`` (N, samples), pushed by ``step`` samples, on a Cortex-M in QEMU."""
    needs("arm-none-eabi-gcc")
    needs("qemu-system-arm")
    folder.mkdir(parents=True, exist_ok=True)
    count, samples = tables.feature_bytes, clips.shape[1]
    run = audio_program(tables, 0)
    (folder / "programs.h").write_text(
        "#include <stdint.h>\nunsigned run_0(const void *raw, unsigned count, unsigned step, int8_t *in);\n"
    )
    main = PROGRAM.format(samples=samples, count=count, step=step)
    (folder / "program.c").write_text(run + main)
    flags = [*core.compiler_flags, *WARNINGS, "-O2", "-ffunction-sections", "-Wl,--gc-sections"]
    flags += ["-nostartfiles", "--specs=nano.specs", f"-L{EMULATOR}", "-Tmps2.ld"]
    flags += [f"-I{folder}", f"-I{FRONT_ENDS}", f"-I{HOST}"]
    sources = [folder / "program.c", EMULATOR / "main.c", *sorted(FRONT_ENDS.glob("*.c"))]
    compile_all(["arm-none-eabi-gcc", *flags, "-o", folder / "run.elf"], sources)
    (folder / "in.bin").write_bytes(np.uint32(len(clips)).tobytes() + clips.astype("<i2").tobytes())
    command = ["qemu-system-arm", "-M", MACHINES[core], "-nographic", "-monitor", "none", "-serial", "none"]
    command += ["-icount", "shift=0", "-semihosting-config", "enable=on,target=native", "-kernel", "run.elf"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"
    rows = np.frombuffer((folder / "out.bin").read_bytes(), np.uint8).reshape(len(clips), 4 + count)
    ticks = np.ascontiguousarray(rows[:, :4]).view("<u4")[:, 0].astype(np.int64)
    return Emulated(np.ascontiguousarray(rows[:, 4:]).view(np.int8), ticks * TICK_INSTRUCTIONS)
