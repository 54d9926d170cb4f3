/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_arena.h"

int8_t *mn_arena_at(const mn_model *model, uint32_t offset)
{
    int8_t *start = model->arena;
    for (uint32_t i = 0; i + 1 < model->n_banks && offset >= model->banks[i].bytes; i++) {
        offset -= model->banks[i].bytes;
        start = model->banks[i + 1].start;
    }
    return start + offset;
}
