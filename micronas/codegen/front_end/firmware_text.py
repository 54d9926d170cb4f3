"""The front end of a firmware that takes raw samples over its line: ``src/model/mn_raw_front_end.c``."""

from __future__ import annotations

from micronas.codegen.front_end.audio_text import AudioTables, audio_text
from micronas.codegen.front_end.image import ImageTables
from micronas.codegen.front_end.log_mel import LogMelTables
from micronas.codegen.front_end.micro import MicroTables
from micronas.codegen.front_end.text import Tables, constants_text, header_of
from micronas.errors import ModelError

FILE_NAME = "mn_raw_front_end.c"
MOST_UNIT_BYTES = 512
"""``MN_RAW_MOST_UNIT_BYTES`` of firmware/front_end/mn_raw.h."""

_AUDIO = """\
#include "{header}"
#include "mn_raw.h"
{include}
{constants}
{text.buffers}
{scratch}
const uint32_t mn_raw_unit_bytes = 2;

void mn_raw_reset(void)
{{
{text.reset}
}}

void mn_raw_push(const void *units, uint32_t count)
{{
    (void){text.push}(&front_end, &mn_front_end_state, (const int16_t *)units, count, {at});
}}

int32_t mn_raw_input(int8_t *input)
{{
    return mn_frames_input(&front_end.frames, {text.frames}, input);
}}
"""
_STREAM = """\
#include "mn_raw.h"
#include "mn_stream.h"

{constants}
static int8_t mn_front_end_rows[{features}];
static mn_stream_state mn_front_end_state;

const uint32_t mn_raw_unit_bytes = {unit};

void mn_raw_reset(void)
{{
    mn_front_end_state.rows = mn_front_end_rows;
    mn_stream_reset(&mn_front_end_state);
}}

void mn_raw_push(const void *units, uint32_t count)
{{
    for (const float *row = (const float *)units; count > 0u; count--, row += {channels}u) {{
        mn_stream_push(&front_end, &mn_front_end_state, row);
    }}
}}

int32_t mn_raw_input(int8_t *input)
{{
    return mn_stream_input(&front_end, &mn_front_end_state, input);
}}
"""


_IMAGE = """\
#include <string.h>

#include "mn_arena.h"
#include "mn_image.h"
#include "mn_raw.h"

{constants}
static uint32_t mn_front_end_sums[{sums}];
static mn_image_state mn_front_end_state;
/* A frame's header of 4 x 16 bits (width, height, channels, 0), or one of its rows. */
static uint8_t line[{line}];
static uint32_t held, row_bytes;
static int32_t complete;

const uint32_t mn_raw_unit_bytes = 1;

void mn_raw_reset(void)
{{
    held = 0;
    row_bytes = 0;
    complete = 0;
}}

static void begin(void)
{{
    const uint32_t width = mn_get_u16(line), channels = mn_get_u16(line + 4);
    mn_front_end_state.sums = mn_front_end_sums;
    if (width * channels <= sizeof line &&
        mn_image_begin(&front_end, &mn_front_end_state, width, mn_get_u16(line + 2), channels)) {{
        row_bytes = width * channels;
    }}
}}

void mn_raw_push(const void *units, uint32_t count)
{{
    const uint8_t *bytes = (const uint8_t *)units;
    int8_t *const input = mn_arena_at(&mn_the_model, mn_the_model.inputs[0].offset);
    while (count > 0u && !complete) {{
        const uint32_t wanted = (row_bytes > 0u ? row_bytes : 8u) - held;
        const uint32_t taken = count < wanted ? count : wanted;
        memcpy(line + held, bytes, taken);
        held += taken;
        bytes += taken;
        count -= taken;
        if (held == 8u && row_bytes == 0u) {{
            held = 0;
            begin();
        }} else if (held == row_bytes) {{
            held = 0;
            complete = mn_image_push(&front_end, &mn_front_end_state, line, input);
        }}
    }}
}}

int32_t mn_raw_input(int8_t *input)
{{
    (void)input; /* it was written row by row */
    return complete;
}}
"""
MOST_ROW_BYTES = 1920
"""Of a frame that is sent to a device: 640 pixels of three colours."""


def firmware_text(tables: Tables, scratch_in_arena: bool) -> str:
    """The C of ``tables``; ``scratch_in_arena`` if the arena can hold the scratch of a frame."""
    if isinstance(tables, LogMelTables | MicroTables):
        return _audio(tables, scratch_in_arena)
    if isinstance(tables, ImageTables):
        return _IMAGE.format(
            constants=constants_text(tables), sums=tables.sum_bytes // 4, line=MOST_ROW_BYTES
        )
    unit = 4 * tables.channels
    if unit > MOST_UNIT_BYTES:
        raise ModelError(
            f"a row of {tables.channels} channels has {unit} bytes; the firmware takes {MOST_UNIT_BYTES}",
            remedy="send features instead: --features",
        )
    return _STREAM.format(
        constants=constants_text(tables),
        features=tables.feature_bytes,
        unit=unit,
        channels=tables.channels,
    )


def _audio(tables: AudioTables, scratch_in_arena: bool) -> str:
    own = f"static int32_t mn_raw_scratch[{tables.scratch_bytes // 4}];\n"
    return _AUDIO.format(
        header=header_of(tables),
        constants=constants_text(tables),
        include='#include "mn_arena.h"\n' if scratch_in_arena else "",
        text=audio_text(tables),
        scratch="" if scratch_in_arena else own,
        at="(int32_t *)(void *)mn_arena_at(&mn_the_model, 0)" if scratch_in_arena else "mn_raw_scratch",
    )
