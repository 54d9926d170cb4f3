/* How sums that are twice as large end, in C. */
#ifndef MN_DSP_FINISH_ON_HOST_H
#define MN_DSP_FINISH_ON_HOST_H

#include "mn_dsp.h"

static inline int8_t finish_doubled(int32_t doubled, int32_t multiplier, int32_t code, int32_t shift)
{
    return (int8_t)mn_saturated_half(mn_smmlar(doubled, multiplier, code + (doubled >> 31)) >> shift);
}

#endif
