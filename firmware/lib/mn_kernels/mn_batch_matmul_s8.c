/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_batch_matmul.h"
#include "mn_requant.h"

static int32_t dot(const mn_batch_matmul *p, const int8_t *x1, const int8_t *x2)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++, x1 += p->term_step1, x2 += p->term_step2) {
        sum += (*x1 + p->offset1) * (*x2 + p->offset2);
    }
    return sum;
}

static int8_t *product(const mn_batch_matmul *p, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    for (int32_t i = 0; i < p->rows; i++, x1 += p->row_step1) {
        for (int32_t j = 0; j < p->columns; j++) {
            const int32_t sum = dot(p, x1, x2 + j * p->column_step2);
            *y++ = mn_finish(sum, p->multiplier, p->shift, p->out_zero_point, INT8_MIN, INT8_MAX);
        }
    }
    return y;
}

mn_status mn_batch_matmul_s8(const mn_batch_matmul *p, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    for (int32_t i = 0; i < p->batches[0]; i++) {
        for (int32_t j = 0; j < p->batches[1]; j++) {
            for (int32_t k = 0; k < p->batches[2]; k++) {
                const int32_t at1 = i * p->batch_step1[0] + j * p->batch_step1[1] + k * p->batch_step1[2];
                const int32_t at2 = i * p->batch_step2[0] + j * p->batch_step2[1] + k * p->batch_step2[2];
                y = product(p, x1 + at1, x2 + at2, y);
            }
        }
    }
    return MN_OK;
}
