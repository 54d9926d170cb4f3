/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_move.h"

static int8_t *line(const mn_move *p, const int8_t *x, int8_t *y)
{
    if (p->step[4] == 1) {
        memcpy(y, x, (size_t)p->extent[4]);
        return y + p->extent[4];
    }
    for (int32_t i = 0; i < p->extent[4]; i++) {
        *y++ = x[i * p->step[4]];
    }
    return y;
}

mn_status mn_move_s8(const mn_move *p, const int8_t *x, int8_t *y)
{
    for (int32_t i = 0; i < p->extent[0]; i++) {
        for (int32_t j = 0; j < p->extent[1]; j++) {
            for (int32_t k = 0; k < p->extent[2]; k++) {
                const int32_t at = p->first + i * p->step[0] + j * p->step[1] + k * p->step[2];
                for (int32_t l = 0; l < p->extent[3]; l++) {
                    y = line(p, x + at + l * p->step[3], y);
                }
            }
        }
    }
    return MN_OK;
}
