/* SPDX-License-Identifier: Apache-2.0 */
/* The mean of mn_average_rows_s8.c for an image of few pixels: its sums fit 16 bits. */
#include <string.h>

#include "mn_pool_rows.h"
#include "mn_requant.h"

mn_status mn_average_few_rows_s8(const mn_pool_rows *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    int16_t *const sums = (int16_t *)(void *)scratch;
    if (p->begins) {
        memset(sums, 0, sizeof *sums * (size_t)p->channels);
    }
    for (int32_t pixel = p->rows * p->columns; pixel > 0; pixel--) {
        for (int32_t c = 0; c < p->channels; c++) {
            sums[c] = (int16_t)(sums[c] + *x++);
        }
    }
    for (int32_t c = 0; p->ends && c < p->channels; c++) {
        const int32_t half = sums[c] > 0 ? p->count / 2 : -(p->count / 2);
        y[c] = (int8_t)mn_clamp((sums[c] + half) / p->count, p->out_min, p->out_max);
    }
    return MN_OK;
}
