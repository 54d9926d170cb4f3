/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of ADD that looks one operand up: an int8 operand has 256 values, each of which is scaled once. */
#include "mn_add.h"
#include "mn_dsp.h"
#include "mn_dsp_add_table.h"

#if defined(__ARM_FEATURE_DSP)

enum { VALUES = 256 };

static int32_t scaled(int32_t doubled, int32_t multiplier, int32_t code, int32_t shift)
{
    return mn_smmlar(doubled, multiplier, code + (doubled >> 31)) >> shift;
}

/* Of the operand that is not halved exactly: twice its share of the sum, with the other's zero point. Equal scales:
 * both are halved. */
static void fill(const mn_add *p, int swap, int32_t *table)
{
    const int32_t offset = (swap ? p->offset2 : p->offset1) * (1 << 20);
    const int32_t minor_offset = swap ? p->offset1 : p->offset2;
    const int32_t multiplier = swap ? p->multiplier1 : p->multiplier2, shift = swap ? -p->shift1 : -p->shift2;
    const int32_t half = shift > 0 ? 1 << (shift - 1) : 0;
    for (int32_t byte = 0; byte < VALUES; byte++) {
        const int32_t value = (int8_t)byte + minor_offset;
        const int32_t twice = shift > 0 ? 2 * scaled(value * (1 << 21), multiplier, half, shift) : value * (1 << 20);
        table[byte] = offset + twice;
    }
}

mn_status mn_add_table_dsp(const mn_add *p, const int8_t *x1, const int8_t *x2, int8_t *scratch, int8_t *y)
{
    const int swap = p->shift1 != 0; /* x2 is the one that is halved */
    const int32_t count = p->shape.extent[3], in_fours = count / 4 * 4;
    int32_t *const table = (int32_t *)(void *)scratch;
    const mn_dsp_add_table_job job = {
        .minor = swap ? x1 : x2,
        .major = swap ? x2 : x1,
        .y = y,
        .table = table,
        .multiplier = p->out_multiplier,
        .code = mn_dsp_code(p->out_zero_point, p->out_shift),
        .shift = -p->out_shift - 1,
        .end = y + in_fours,
    };
    fill(p, swap, table);
    if (in_fours > 0) {
        mn_dsp_add_table(&job);
    }
    for (int32_t i = in_fours; i < count; i++) {
        const int32_t doubled_sum = job.major[i] * (1 << 20) + table[(uint8_t)job.minor[i]];
        y[i] = (int8_t)mn_saturated_half(scaled(doubled_sum, job.multiplier, job.code, job.shift));
    }
    return MN_OK;
}

#endif
