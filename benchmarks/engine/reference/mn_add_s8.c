/* Baseline ADD of two tensors of one shape. */
#include "mn_add.h"
#include "reference.h"

mn_status mn_add_s8(const mn_add *p, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    for (int32_t i = 0; i < p->shape.extent[3]; i++) {
        const int32_t a = (x1[i] + p->offset1) * (1 << 20), b = (x2[i] + p->offset2) * (1 << 20);
        const int32_t sum = reference_requant(a, p->multiplier1, p->shift1) + reference_requant(b, p->multiplier2, p->shift2);
        const int32_t raw = reference_requant(sum, p->out_multiplier, p->out_shift) + p->out_zero_point;
        y[i] = reference_output(raw, p->out_min, p->out_max);
    }
    return MN_OK;
}
