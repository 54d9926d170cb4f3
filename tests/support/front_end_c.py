"""Front ends as C programs on the host: raw samples in, int8 inputs out, under sanitizers."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from micronas.codegen.front_end import AudioTables, ImageTables, MicroTables, StreamTables, Tables
from micronas.codegen.front_end.text import constants_text, header_of
from tests.support.host_c import SANITIZERS, WARNINGS
from tests.support.paths import REPOSITORY

FRONT_ENDS = REPOSITORY / "firmware" / "lib" / "mn_front_end"

AUDIO = """
#include "{header}"
#include "programs.h"
{constants}
static int16_t held[{window}];
static int8_t features[{count}];
static int32_t scratch[{words}];
static {state} state;

unsigned run_{number}(const void *raw, unsigned count, unsigned step, int8_t *input)
{{
    const int16_t *samples = raw;
    {frames}.samples = held;
    {frames}.features = features;
    {reset}
    for (unsigned i = 0; i < count; i += step) {{
        (void){push}(&front_end, &state, samples + i, count - i < step ? count - i : step, scratch);
    }}
    return mn_frames_input(&front_end.frames, &{frames}, input) ? {count}u : 0u;
}}
"""
STREAM = """
#include "mn_stream.h"
#include "programs.h"
{constants}
static int8_t rows[{count}];

unsigned run_{number}(const void *raw, unsigned count, unsigned step, int8_t *input)
{{
    const float *values = raw;
    mn_stream_state state = {{rows, 0, 0}};
    for (unsigned i = 0; i < count; i += step) {{
        mn_stream_push(&front_end, &state, values + i);
    }}
    return mn_stream_input(&front_end, &state, input) ? {count}u : 0u;
}}
"""
IMAGE = """
#include "mn_image.h"
#include "programs.h"
{constants}
static uint32_t sums[{sums}];

/* A frame begins with its width, height and channels and a 0, each of 16 bits. */
unsigned run_{number}(const void *raw, unsigned count, unsigned step, int8_t *input)
{{
    const uint16_t *size = raw;
    const uint8_t *row = (const uint8_t *)raw + 8, *end = (const uint8_t *)raw + count;
    mn_image_state state = {{sums, 0, 0, 0, 0, 0}};
    if (!mn_image_begin(&front_end, &state, size[0], size[1], size[2])) {{
        return 0;
    }}
    for (; row < end; row += size[0] * size[2]) {{
        if (mn_image_push(&front_end, &state, row, input)) {{
            input[{values}] = 77; /* rows after the last one must write nothing */
            for (unsigned again = 0; again < 2u * size[1]; again++) {{
                (void)mn_image_push(&front_end, &state, row, input);
            }}
            return step > 0 && input[{values}] == 77 ? {values}u : 0u;
        }}
    }}
    return 0;
}}
"""
HEADER = """
#include <stdint.h>
{prototypes}
"""
MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "programs.h"

typedef unsigned (*program)(const void *, unsigned, unsigned, int8_t *);

/* number, bytes of a sample, samples of a clip, samples of a push */
int main(int argc, char **argv)
{{
    static const program programs[] = {{{names}}};
    static char raw[1 << 20];
    static int8_t input[1 << 16];
    const unsigned bytes = (unsigned)atoi(argv[2]), count = (unsigned)atoi(argv[3]);
    const unsigned step = (unsigned)atoi(argv[4]);
    while (argc == 5 && fread(raw, bytes, count, stdin) == count) {{
        const unsigned written = programs[atoi(argv[1])](raw, count, step, input);
        if (written == 0) {{
            return 1;
        }}
        fwrite(input, 1, written, stdout);
    }}
    return 0;
}}
"""


def build_front_ends(tables: Sequence[Tables], folder: Path, flags: Sequence[str] = ()) -> Path:
    """One program with all ``tables``; ``run_front_end`` runs it."""
    signature = "unsigned run_{}(const void *raw, unsigned count, unsigned step, int8_t *input);"
    prototypes = "\n".join(signature.format(i) for i in range(len(tables)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "programs.h").write_text(HEADER.format(prototypes=prototypes))
    names = ", ".join(f"run_{i}" for i in range(len(tables)))
    (folder / "main.c").write_text(MAIN.format(names=names))
    for number, table in enumerate(tables):
        (folder / f"run_{number}.c").write_text(_source(table, number))
    sources = [*sorted(folder.glob("*.c")), *sorted(FRONT_ENDS.glob("*.c"))]
    command = ["gcc", *WARNINGS, *SANITIZERS, *flags, f"-I{folder}", f"-I{FRONT_ENDS}"]
    built = subprocess.run(
        [*command, *map(str, sources), "-o", str(folder / "run")], capture_output=True, text=True, timeout=120
    )
    assert built.returncode == 0, built.stderr[:3000]
    return folder / "run"


def run_front_end(
    program: Path, number: int, clips: npt.NDArray[np.generic], step: int
) -> npt.NDArray[np.int8]:
    """``clips`` (N, samples), pushed by ``step`` samples -> inputs (N, values)."""
    arguments = [program, number, clips.itemsize, clips.shape[1], step]
    ran = subprocess.run([*map(str, arguments)], input=clips.tobytes(), capture_output=True, timeout=120)
    assert ran.returncode == 0, ran.stderr.decode()[:3000]
    return np.frombuffer(ran.stdout, np.int8).reshape(len(clips), -1)


def _source(table: Tables, number: int) -> str:
    constants = constants_text(table)
    if isinstance(table, ImageTables):
        values = table.height * table.width * table.channels
        return IMAGE.format(constants=constants, sums=table.sum_bytes // 4, values=values, number=number)
    if isinstance(table, StreamTables):
        return STREAM.format(constants=constants, count=table.feature_bytes, number=number)
    return audio_program(table, number)


def audio_program(table: AudioTables, number: int) -> str:
    """A function ``run_<number>`` that pushes a clip."""
    micro = isinstance(table, MicroTables)
    noise = f"static uint32_t noise[{table.spec.bands}];\n" if micro else ""
    return AUDIO.format(
        header=header_of(table),
        constants=constants_text(table) + noise,
        window=table.spec.window,
        state="mn_micro_state" if micro else "mn_frames_state",
        frames="state.frames" if micro else "state",
        reset="state.noise = noise;\n    mn_micro_reset(&front_end, &state);"
        if micro
        else "mn_frames_reset(&state);",
        push="mn_micro_push" if micro else "mn_log_mel_push",
        count=table.feature_bytes,
        words=table.scratch_bytes // 4,
        number=number,
    )
