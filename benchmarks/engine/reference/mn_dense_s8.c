/* Baseline FULLY_CONNECTED with one weight scale. TFLite adds the input's zero point per product; here it is in
 * the bias, and the sum with a zero that the compiler cannot see takes its place. */
#include "mn_dense.h"
#include "reference.h"

static volatile const int32_t no_offset = 0;

mn_status mn_dense_s8(const mn_dense *p, const int8_t *x, int8_t *y)
{
    const int32_t input_offset = no_offset, filter_offset = no_offset;
    for (int32_t b = 0; b < p->batches; b++) {
        for (int32_t o = 0; o < p->out_n; o++) {
            int32_t acc = 0;
            for (int32_t k = 0; k < p->in_n; k++) {
                const int32_t value = x[b * p->in_n + k], weight = p->weights[o * p->in_n + k];
                acc += (weight + filter_offset) * (value + input_offset);
            }
            acc = reference_requant(acc + p->bias[o], p->multiplier, p->shift);
            y[b * p->out_n + o] = reference_output(acc + p->out_zero_point, p->out_min, p->out_max);
        }
    }
    return MN_OK;
}
