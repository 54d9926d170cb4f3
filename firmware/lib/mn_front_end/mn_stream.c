/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_stream.h"

/* To the nearest, halves away from zero: a value that lies exactly between two steps is rare. */
static int8_t rounded(float value)
{
    if (value >= 127.0f) {
        return INT8_MAX;
    }
    if (value <= -128.0f) {
        return INT8_MIN;
    }
    return value == value ? (int8_t)(value + (value < 0.0f ? -0.5f : 0.5f)) : 0;
}

void mn_stream_reset(mn_stream_state *state)
{
    state->next_row = 0;
    state->held = 0;
}

void mn_stream_push(const mn_stream *p, mn_stream_state *state, const float *row)
{
    int8_t *const target = state->rows + state->next_row * p->channels;
    for (uint32_t c = 0; c < p->channels; c++) {
        target[c] = rounded(row[c] * p->gains[c] + p->offsets[c]);
    }
    state->next_row = state->next_row + 1u == p->window ? 0u : state->next_row + 1u;
    state->held += state->held < p->window;
}

int32_t mn_stream_input(const mn_stream *p, const mn_stream_state *state, int8_t *input)
{
    if (state->held < p->window) {
        return 0;
    }
    const uint32_t newer = state->next_row * p->channels, all = (uint32_t)p->window * p->channels;
    memcpy(input, state->rows + newer, all - newer);
    memcpy(input + (all - newer), state->rows, newer);
    return 1;
}
