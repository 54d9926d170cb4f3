/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_arena.h"
#include "mn_reset.h"

void mn_model_reset(const mn_model *model)
{
    for (uint32_t i = 0; i < model->n_states; i++) {
        const mn_state *const state = &model->states[i];
        int8_t *const held = mn_arena_at(model, state->offset);
        if (state->initial) {
            memcpy(held, state->initial, state->bytes);
        } else {
            memset(held, (int)state->fill, state->bytes);
        }
    }
}
