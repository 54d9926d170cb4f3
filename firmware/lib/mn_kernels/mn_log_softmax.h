/* SPDX-License-Identifier: Apache-2.0 */
/* LOG_SOFTMAX, int8 to int8 (scale 16/256, zero point 127), over rows of `depth`. */
#ifndef MN_LOG_SOFTMAX_H
#define MN_LOG_SOFTMAX_H

#include "mn_model.h"

typedef struct {
    const int32_t *addends; /* [d]: exp(scale of x * -d) in Q12.19, 0 where -d < diff_min */
    int32_t rows, depth;
    int32_t multiplier, shift; /* scale of x, to Q5.26; shift is to the left */
    int32_t diff_min;
    int32_t reverse_multiplier, reverse_shift; /* from Q5.26 back to steps of x */
} mn_log_softmax;

/* No scratch; y may be x. Always MN_OK. */
mn_status mn_log_softmax_s8(const mn_log_softmax *p, const int8_t *x, int8_t *y);

#endif
