/* SPDX-License-Identifier: Apache-2.0 */
/* PAD and PADV2, int8, up to four dimensions. */
#ifndef MN_PAD_H
#define MN_PAD_H

#include "mn_model.h"

typedef struct {
    int16_t in[4];             /* extents of x, leading ones added */
    int16_t before[4], after[4]; /* elements added on each side */
    int16_t value;
} mn_pad;

/* No scratch. x and y must not overlap. Always MN_OK. */
mn_status mn_pad_s8(const mn_pad *p, const int8_t *x, int8_t *y);

#endif
