/* Portable DEPTHWISE_CONV_2D. Interior pixels read x in place; a pixel whose field crosses the border is
 * gathered into scratch first, padding as the input's zero point, so that one loop serves both. */
#include <string.h>

#include "mn_depthwise.h"

/* A receptive field: tap (ky, kx) of channel c is at origin[ky * row_step + kx * tap_step + c]. */
typedef struct {
    const int8_t *origin;
    int32_t row_step, tap_step;
} field;

static field gather(const mn_depthwise *p, const int8_t *x, int32_t first_y, int32_t first_x, int8_t *patch)
{
    const field gathered = {patch, p->kernel_w * p->in_c, p->in_c};
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t row = first_y + ky * p->dilation_h;
        for (int32_t kx = 0; kx < p->kernel_w; kx++, patch += p->in_c) {
            const int32_t column = first_x + kx * p->dilation_w;
            if (row < 0 || row >= p->in_h || column < 0 || column >= p->in_w) {
                memset(patch, p->in_zero_point, (size_t)p->in_c);
            } else {
                memcpy(patch, x + (row * p->in_w + column) * p->in_c, (size_t)p->in_c);
            }
        }
    }
    return gathered;
}

static field field_at(const mn_depthwise *p, const int8_t *x, int32_t first_y, int32_t first_x, int8_t *patch)
{
    const int32_t last_y = first_y + (p->kernel_h - 1) * p->dilation_h;
    const int32_t last_x = first_x + (p->kernel_w - 1) * p->dilation_w;
    if (first_y < 0 || first_x < 0 || last_y >= p->in_h || last_x >= p->in_w) {
        return gather(p, x, first_y, first_x, patch);
    }
    const field inside = {x + (first_y * p->in_w + first_x) * p->in_c, p->dilation_h * p->in_w * p->in_c,
                          p->dilation_w * p->in_c};
    return inside;
}

static int32_t accumulate(const mn_depthwise *p, field f, const int8_t *weights, int32_t acc)
{
    for (int32_t ky = 0; ky < p->kernel_h; ky++, f.origin += f.row_step) {
        const int8_t *x = f.origin;
        for (int32_t kx = 0; kx < p->kernel_w; kx++, x += f.tap_step, weights += p->out_c) {
            acc += *x * *weights;
        }
    }
    return acc;
}

static void pixel(const mn_depthwise *p, field f, int8_t *y)
{
    const int8_t *weights = p->weights;
    const mn_channel *channel = p->channels;
    for (int32_t c = 0; c < p->in_c; c++, f.origin++) {
        for (int32_t m = 0; m < p->multiplier; m++, weights++, channel++) {
            const int32_t acc = accumulate(p, f, weights, channel->bias);
            *y++ = mn_finish(acc, channel->multiplier, channel->shift, p->out_zero_point, p->out_min, p->out_max);
        }
    }
}

mn_status mn_depthwise_s8(const mn_depthwise *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        const int32_t first_y = out_y * p->stride_h - p->pad_top;
        for (int32_t out_x = 0; out_x < p->out_w; out_x++, y += p->out_c) {
            pixel(p, field_at(p, x, first_y, out_x * p->stride_w - p->pad_left, scratch), y);
        }
    }
    return MN_OK;
}
