/* Baseline CONV_2D: seven loops, an index per product. Biases come without the input's zero point. */
#include "mn_conv2d.h"
#include "reference.h"

mn_status mn_conv2d_s8(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const int32_t depth = p->in_c / p->groups, per_group = p->out_c / p->groups;
    const reference_shape in = {{1, p->in_h, p->in_w, p->in_c}}, out = {{1, p->out_h, p->out_w, p->out_c}};
    const reference_shape filter = {{p->out_c, p->kernel_h, p->kernel_w, depth}};
    (void)scratch;
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
            for (int32_t c = 0; c < p->out_c; c++) {
                const int32_t group = c / per_group;
                int32_t acc = 0;
                for (int32_t ky = 0; ky < p->kernel_h; ky++) {
                    const int32_t in_y = out_y * p->stride_h - p->pad_top + ky * p->dilation_h;
                    for (int32_t kx = 0; kx < p->kernel_w; kx++) {
                        const int32_t in_x = out_x * p->stride_w - p->pad_left + kx * p->dilation_w;
                        if (in_x < 0 || in_x >= p->in_w || in_y < 0 || in_y >= p->in_h) {
                            continue;
                        }
                        for (int32_t k = 0; k < depth; k++) {
                            const int32_t value = x[reference_index(&in, 0, in_y, in_x, k + group * depth)];
                            const int32_t weight = p->weights[reference_index(&filter, c, ky, kx, k)];
                            acc += weight * (value - p->in_zero_point);
                        }
                    }
                }
                const mn_channel *channel = p->channels + c;
                acc = reference_requant(acc + channel->bias, channel->multiplier, channel->shift);
                y[reference_index(&out, 0, out_y, out_x, c)] =
                    reference_output(acc + p->out_zero_point, p->out_min, p->out_max);
            }
        }
    }
    return MN_OK;
}
