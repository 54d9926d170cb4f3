/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_log2.h"

/* log2(1 + i / 64) x 2^16, rounded; straight lines between them are off by 2^-14.5 at most. */
static const uint32_t logs[65] = {
    0, 1466, 2909, 4331, 5732, 7112, 8473, 9814, 11136, 12440, 13727, 14996,
    16248, 17484, 18704, 19909, 21098, 22272, 23433, 24579, 25711, 26830, 27936, 29029,
    30109, 31178, 32234, 33279, 34312, 35334, 36346, 37346, 38336, 39316, 40286, 41246,
    42196, 43137, 44068, 44990, 45904, 46809, 47705, 48593, 49472, 50344, 51207, 52063,
    52911, 53751, 54584, 55410, 56229, 57040, 57845, 58643, 59434, 60219, 60997, 61769,
    62534, 63294, 64047, 64794, 65536,
};

int32_t mn_log2(uint64_t value)
{
    if (value == 0u) {
        return 0;
    }
    int32_t exponent = 63;
    for (uint32_t bits = 32; bits > 0u; bits /= 2u) {
        if (value >> (64u - bits) == 0u) {
            value <<= bits;
            exponent -= (int32_t)bits;
        }
    }
    const uint32_t fraction = (uint32_t)(value >> 31); /* below the leading bit, which falls off at the top */
    const uint32_t at = fraction >> 26, rest = (fraction >> 10) & 0xffffu;
    const uint32_t low = logs[at], step = logs[at + 1u] - low;
    return exponent * 65536 + (int32_t)(low + ((step * rest + 0x8000u) >> 16));
}
