/* Baseline AVERAGE_POOL_2D. */
#include "mn_pool2d.h"
#include "reference.h"

static int32_t most(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

mn_status mn_average_pool2d_s8(const mn_pool2d *p, const int8_t *x, int8_t *y)
{
    const reference_shape in = {{1, p->in_h, p->in_w, p->channels}}, out = {{1, p->out_h, p->out_w, p->channels}};
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
            for (int32_t c = 0; c < p->channels; c++) {
                const int32_t left = out_x * p->stride_w - p->pad_left, top = out_y * p->stride_h - p->pad_top;
                int32_t sum = 0, count = 0;
                for (int32_t ky = most(0, -top); ky < least(p->filter_h, p->in_h - top); ky++) {
                    for (int32_t kx = most(0, -left); kx < least(p->filter_w, p->in_w - left); kx++) {
                        sum += x[reference_index(&in, 0, top + ky, left + kx, c)];
                        count++;
                    }
                }
                if (count == 0) {
                    return MN_ERROR_ARGUMENT;
                }
                sum = sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
                y[reference_index(&out, 0, out_y, out_x, c)] = reference_output(sum, p->out_min, p->out_max);
            }
        }
    }
    return MN_OK;
}
