/* SPDX-License-Identifier: Apache-2.0 */
/* Common parts of the DSP forms (Cortex-M4, M7, M33 and up: cores with SMLAD).
 *
 * Two dot products in four instructions for four products. Weights of two output channels A and B lie
 * side by side as 16-bit halves h = 256 * B + A. With inputs x widened to 16 bits,
 *
 *     SMLAD(x, h)         adds 256 * xB + xA to an accumulator R, and
 *     SMLAD(x, SXTB16(h)) adds xA to an accumulator S,
 *
 * so that (R - S) / 256 is the exact dot product of B: one unpacking instruction for four products where
 * unpacking both channels takes two. The quotient has 24 bits, so the dot product of B must stay below
 * 2^23 in magnitude: at most MN_DSP_SEGMENT terms before it is taken out. The byte that holds B is B - 1
 * where A is negative, which needs B > -128; TFLite's int8 weights are, and the generator takes the
 * portable form for a network whose weights are not.
 *
 * Order in memory: SXTB16 takes bytes 0 and 2 of a word, so four inputs x0..x3 widen to (x0, x2) and
 * (x1, x3), and a group of four weights per channel is A0 B0 A2 B2, A1 B1 A3 B3.
 */
#ifndef MN_DSP_H
#define MN_DSP_H

#include <stdint.h>
#include <string.h>

#include "mn_dsp_intrinsics.h"
#include "mn_requant.h"

#if defined(__ARM_FEATURE_DSP)

enum { MN_DSP_SEGMENT = 512 };

/* Two pixels, all output channels. Fields are read by mn_dsp_two_pixels.S at fixed offsets. */
typedef struct {
    const uint32_t *x;         /* per group of four: pixel 0 (x0, x2), pixel 1 (x0, x2), pixel 0 (x1, x3), ... */
    const int8_t *weights;     /* packed as above, channel pair after channel pair */
    const mn_channel *channel; /* advanced */
    int8_t *y0, *y1;           /* advanced */
    int32_t groups;            /* of four terms, per segment */
    int32_t segments;
    int32_t pairs;     /* of output channels, at least 1; counted down */
    int32_t zero_code; /* 2 * zero point of y + 1 */
    int32_t exact;     /* 0: mn_channel_is_fast holds for all and the clamp is int8's own */
    int32_t zero_point, low, high; /* for `exact` and for several segments */
} mn_dsp_job;

void mn_dsp_two_pixels(mn_dsp_job *job);

/* The short requantization of mn_dsp_two_pixels.S, for right shifts of 1 to 22 and |acc| < 2^30: `code` is
 * mn_dsp_code of zero point and shift. The result is clamped to int8. */
static inline int32_t mn_dsp_code(int32_t zero_point, int32_t shift)
{
    return (2 * zero_point + 1) * (1 << (-shift - 1));
}

static inline int8_t mn_dsp_finish(int32_t acc, int32_t multiplier, int32_t shift, int32_t code)
{
    const int32_t result = mn_smmlar(2 * acc, multiplier, code + (acc >> 31));
    return (int8_t)mn_saturated_half(result >> (-shift - 1));
}

/* Four bytes from any address: these cores load unaligned words. */
static inline uint32_t mn_load4(const int8_t *from)
{
    uint32_t bytes;
    memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

/* The last 1 to 3 bytes of a run, zeros above them. */
static inline uint32_t mn_load_tail(const int8_t *from, int32_t count)
{
    uint32_t bytes = 0;
    for (int32_t i = 0; i < count; i++) {
        bytes |= (uint32_t)(uint8_t)from[i] << (8 * i);
    }
    return bytes;
}

#endif
#endif
