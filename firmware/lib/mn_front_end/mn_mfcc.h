/* SPDX-License-Identifier: Apache-2.0 */
/* Mel-frequency cepstral coefficients: the first few of an orthonormal DCT-II of a log-mel frame, quantized at once. */
#ifndef MN_MFCC_H
#define MN_MFCC_H

#include <stdint.h>

#include "mn_log_mel.h"

/* One coefficient is (the sum over the bands of level x dct, and for the first coefficient offset) / 2^shift. */
typedef struct mn_mfcc {
    int64_t offset;     /* what the lower limit of the logarithms contributes to the first coefficient */
    const int32_t *dct; /* coefficients x bands, in input steps per unit of log2, 16 + shift fraction bits in all */
    uint32_t shift;     /* 1 to 62 */
} mn_mfcc;

/* For mn_log_mel.finish, with frames.values coefficients and mfcc. */
void mn_mfcc_finish(const mn_log_mel *p, const int32_t *levels, int8_t *row);

#endif
