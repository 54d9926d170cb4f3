/* SPDX-License-Identifier: Apache-2.0 */
/* The spectrum of real samples in 32-bit fixed point. No heap, no statics, the same bits on every core. */
#ifndef MN_REAL_FFT_H
#define MN_REAL_FFT_H

#include <stdint.h>

/* cosines[k] = cos(2 pi k / points) x 2^31, at most 2^31 - 1, for k = 0 .. points / 4. */
typedef struct {
    uint16_t points; /* a power of two, 8 to 8192 */
    const int32_t *cosines;
} mn_real_fft;

/* In place: values holds points samples of at most 2^30 in magnitude, and then points / 2 pairs (re, im) of the
 * spectrum divided by points: pair k is that of bin k. Bin 0 is real; its im is the re of bin points / 2, which is real
 * too. Results are rounded down at every step: they are off by a few units. */
void mn_real_fft_run(const mn_real_fft *fft, int32_t *values);

#endif
