/* Portable MUL. */
#include "mn_mul.h"
#include "mn_requant.h"

static void line(const mn_mul *p, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    const int32_t step1 = p->shape.step1[3], step2 = p->shape.step2[3];
    for (int32_t i = 0; i < p->shape.extent[3]; i++, x1 += step1, x2 += step2) {
        const int32_t product = (*x1 + p->offset1) * (*x2 + p->offset2);
        *y++ = mn_finish(product, p->multiplier, p->shift, p->out_zero_point, p->out_min, p->out_max);
    }
}

mn_status mn_mul_s8(const mn_mul *p, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    const mn_broadcast *s = &p->shape;
    for (int32_t i = 0; i < s->extent[0]; i++) {
        for (int32_t j = 0; j < s->extent[1]; j++) {
            for (int32_t k = 0; k < s->extent[2]; k++, y += s->extent[3]) {
                line(p, x1 + i * s->step1[0] + j * s->step1[1] + k * s->step1[2],
                     x2 + i * s->step2[0] + j * s->step2[1] + k * s->step2[2], y);
            }
        }
    }
    return MN_OK;
}
