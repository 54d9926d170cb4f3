/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_smoothing.h"

void mn_smoothing_reset(mn_smoothing_state *state)
{
    state->next = 0;
    state->held = 0;
}

int32_t mn_smoothing_push(const mn_smoothing *p, mn_smoothing_state *state, const int8_t *output)
{
    memcpy(state->outputs + state->next * p->classes, output, p->classes);
    state->next = state->next + 1u == p->length ? 0u : state->next + 1u;
    state->held += state->held < p->length;
    if (state->held < p->length) {
        return -1;
    }
    int32_t best = -1, most = p->threshold * (int32_t)p->length;
    for (uint32_t c = 0; c < p->classes; c++) {
        int32_t sum = 0;
        for (uint32_t i = 0; i < p->length; i++) {
            sum += state->outputs[i * p->classes + c];
        }
        if (sum > most || (sum == most && best < 0)) {
            most = sum;
            best = (int32_t)c;
        }
    }
    return best;
}
