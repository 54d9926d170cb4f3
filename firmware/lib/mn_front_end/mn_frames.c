/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_frames.h"

void mn_frames_reset(mn_frames_state *state)
{
    state->held = 0;
    state->skip = 0;
    state->next_row = 0;
    state->rows = 0;
}

int32_t mn_frames_take(const mn_frames *p, mn_frames_state *state, const int16_t **samples, uint32_t *count)
{
    while (*count > 0u) {
        const uint32_t wanted = state->skip > 0u ? state->skip : p->window - state->held;
        const uint32_t taken = *count < wanted ? *count : wanted;
        if (state->skip > 0u) {
            state->skip -= taken;
        } else {
            memcpy(state->samples + state->held, *samples, taken * sizeof **samples);
            state->held += taken;
        }
        *samples += taken;
        *count -= taken;
        if (state->held == p->window) {
            return 1;
        }
    }
    return 0;
}

int8_t *mn_frames_row(const mn_frames *p, const mn_frames_state *state)
{
    return state->features + state->next_row * p->values;
}

void mn_frames_next(const mn_frames *p, mn_frames_state *state)
{
    state->next_row = state->next_row + 1u == p->frames ? 0u : state->next_row + 1u;
    state->rows += state->rows < p->frames;
    state->held = p->hop < p->window ? (uint32_t)p->window - p->hop : 0u;
    state->skip = p->hop > p->window ? (uint32_t)p->hop - p->window : 0u;
    memmove(state->samples, state->samples + (p->window - state->held), state->held * sizeof state->samples[0]);
}

int32_t mn_frames_input(const mn_frames *p, const mn_frames_state *state, int8_t *input)
{
    if (state->rows < p->frames) {
        return 0;
    }
    const uint32_t newer = state->next_row * p->values, all = (uint32_t)p->frames * p->values;
    memcpy(input, state->features + newer, all - newer);
    memcpy(input + (all - newer), state->features, newer);
    return 1;
}
