/* SPDX-License-Identifier: Apache-2.0 */
/* Sums over time wrap at 32 bits, as the reference's do on every two's complement machine. */
#include <string.h>

#include "mn_dot.h"
#include "mn_svdf.h"

/* The filter's memory moves on by one value. */
static void remember(const mn_svdf *p, int32_t filter, const int8_t *x, int16_t *memory)
{
    const int8_t *const weights = p->feature_weights + filter * p->in_n;
    const int32_t sum = mn_dot_one(x, weights, p->in_n, p->feature_bias[filter]);
    const int32_t value = mn_requant(sum, p->feature_multiplier, p->feature_shift);
    memmove(memory, memory + 1, (size_t)(p->memory - 1) * sizeof *memory);
    memory[p->memory - 1] = (int16_t)mn_clamp(value, INT16_MIN, INT16_MAX);
}

static uint32_t over_time(const int16_t *memory, const int16_t *weights, int32_t n)
{
    uint32_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += (uint32_t)(memory[i] * weights[i]);
    }
    return sum;
}

mn_status mn_svdf_s8(const mn_svdf *p, const int8_t *x, int8_t *y, int8_t *state)
{
    int16_t *memory = (int16_t *)(void *)state;
    const int16_t *weights = p->time_weights;
    for (int32_t u = 0; u < p->units; u++) {
        uint32_t sum = (uint32_t)p->bias[u];
        for (int32_t r = 0; r < p->rank; r++, memory += p->memory, weights += p->memory) {
            remember(p, u * p->rank + r, x, memory);
            sum += over_time(memory, weights, p->memory);
        }
        y[u] = mn_finish((int32_t)sum, p->time_multiplier, p->time_shift, p->out_zero_point, INT8_MIN, INT8_MAX);
    }
    return MN_OK;
}
