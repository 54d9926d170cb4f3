/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of ADD for operands of one shape. Of two operands, the one with the larger scale is halved exactly by
 * the reference; the other's product is rounded twice, as is the sum's. */
#include "mn_add.h"
#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* As mn_dsp_two_pixels.S: `doubled` times the multiplier, plus `code`, shifted right by `shift`; negative
 * values round down. */
static inline int32_t scaled(int32_t doubled, int32_t multiplier, int32_t code, int32_t shift)
{
    return mn_smmlar(doubled, multiplier, code + (doubled >> 31)) >> shift;
}

static inline int8_t saturated_half(int32_t x)
{
    return (int8_t)mn_saturated_half(x);
}

mn_status mn_add_dsp(const mn_add *p, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    const int swap = p->shift1 != 0; /* x1 is to be the one that is halved */
    const int8_t *major = swap ? x2 : x1, *minor = swap ? x1 : x2;
    const int32_t major_offset = (swap ? p->offset2 : p->offset1) * (1 << 20);
    const int32_t minor_offset = (swap ? p->offset1 : p->offset2) * (1 << 21);
    const int32_t multiplier = swap ? p->multiplier1 : p->multiplier2, shift = swap ? -p->shift1 : -p->shift2;
    const int32_t half = 1 << (shift - 1), out_shift = -p->out_shift - 1;
    const int32_t out_code = mn_dsp_code(p->out_zero_point, p->out_shift), out_multiplier = p->out_multiplier;
    int8_t *const end = y + p->shape.extent[3];
    while (y != end) {
        const int32_t b = scaled(*minor++ * (1 << 21) + minor_offset, multiplier, half, shift);
        const int32_t doubled_sum = *major++ * (1 << 20) + major_offset + 2 * b;
        *y++ = saturated_half(scaled(doubled_sum, out_multiplier, out_code, out_shift));
    }
    return MN_OK;
}

mn_status mn_add_equal_dsp(const mn_add *p, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    const int32_t offset = (p->offset1 + p->offset2) * (1 << 20), out_multiplier = p->out_multiplier;
    const int32_t out_code = mn_dsp_code(p->out_zero_point, p->out_shift), out_shift = -p->out_shift - 1;
    int8_t *const end = y + p->shape.extent[3];
    while (y != end) {
        const int32_t doubled_sum = (*x1++ + *x2++) * (1 << 20) + offset;
        *y++ = saturated_half(scaled(doubled_sum, out_multiplier, out_code, out_shift));
    }
    return MN_OK;
}

#endif
