/* SPDX-License-Identifier: Apache-2.0 */
/* Broadcasting of two operands of up to four dimensions: y is `extent`, an operand's step is 0 where it is
 * repeated. The generator merges dimensions, so that the innermost loop is as long as it can be. */
#ifndef MN_BROADCAST_H
#define MN_BROADCAST_H

#include <stdint.h>

typedef struct {
    int32_t extent[4];
    int32_t step1[4], step2[4]; /* elements from one index of a dimension to the next */
} mn_broadcast;

/* One innermost line: extent[3] elements of y, contiguous; x1 and x2 move by their last steps. */
typedef void (*mn_broadcast_line)(const void *params, const int8_t *x1, const int8_t *x2, int8_t *y);

static inline void mn_broadcast_lines(const mn_broadcast *s, mn_broadcast_line line, const void *params,
                                      const int8_t *x1, const int8_t *x2, int8_t *y)
{
    for (int32_t i = 0; i < s->extent[0]; i++) {
        for (int32_t j = 0; j < s->extent[1]; j++) {
            for (int32_t k = 0; k < s->extent[2]; k++, y += s->extent[3]) {
                line(params, x1 + i * s->step1[0] + j * s->step1[1] + k * s->step1[2],
                     x2 + i * s->step2[0] + j * s->step2[1] + k * s->step2[2], y);
            }
        }
    }
}

#endif
