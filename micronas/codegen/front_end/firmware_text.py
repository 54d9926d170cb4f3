"""The front end of a firmware that takes raw samples over its line: ``src/model/mn_raw_front_end.c``."""

from __future__ import annotations

from micronas.codegen.front_end.log_mel import LogMelTables
from micronas.codegen.front_end.stream import StreamTables
from micronas.codegen.front_end.text import constants_text, header_of
from micronas.errors import ModelError

FILE_NAME = "mn_raw_front_end.c"
MOST_UNIT_BYTES = 512
"""``MN_RAW_MOST_UNIT_BYTES`` of firmware/front_end/mn_raw.h."""

_LOG_MEL = """\
#include "{header}"
#include "mn_raw.h"
{include}
{constants}
static int16_t mn_front_end_samples[{window}];
static int8_t mn_front_end_features[{features}];
static mn_log_mel_state mn_front_end_state;
{scratch}
const uint32_t mn_raw_unit_bytes = 2;

void mn_raw_reset(void)
{{
    mn_front_end_state.samples = mn_front_end_samples;
    mn_front_end_state.features = mn_front_end_features;
    mn_log_mel_reset(&mn_front_end_state);
}}

void mn_raw_push(const void *units, uint32_t count)
{{
    (void)mn_log_mel_push(&front_end, &mn_front_end_state, (const int16_t *)units, count, {at});
}}

int32_t mn_raw_input(int8_t *input)
{{
    return mn_log_mel_input(&front_end, &mn_front_end_state, input);
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


def firmware_text(tables: LogMelTables | StreamTables, scratch_in_arena: bool) -> str:
    """The C of ``tables``; ``scratch_in_arena`` if the arena can hold the scratch of a frame."""
    if isinstance(tables, LogMelTables):
        return _log_mel(tables, scratch_in_arena)
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


def _log_mel(tables: LogMelTables, scratch_in_arena: bool) -> str:
    own = f"static int32_t mn_raw_scratch[{tables.scratch_bytes // 4}];\n"
    return _LOG_MEL.format(
        header=header_of(tables),
        constants=constants_text(tables),
        include='#include "mn_arena.h"\n' if scratch_in_arena else "",
        window=tables.spec.window,
        features=tables.feature_bytes,
        scratch="" if scratch_in_arena else own,
        at="(int32_t *)(void *)mn_arena_at(&mn_the_model, 0)" if scratch_in_arena else "mn_raw_scratch",
    )
