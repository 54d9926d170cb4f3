/* Baseline DEPTHWISE_CONV_2D. Biases come without the input's zero point. An image is
 * indexed by the steps of its rows and columns, which the generator may have exchanged. */
#include "mn_depthwise.h"
#include "reference.h"

mn_status mn_depthwise_s8(const mn_depthwise *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const reference_shape filter = {{1, p->kernel_h, p->kernel_w, p->out_c}};
    (void)scratch;
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
            for (int32_t in_c = 0; in_c < p->in_c; in_c++) {
                for (int32_t m = 0; m < p->multiplier; m++) {
                    const int32_t c = m + in_c * p->multiplier;
                    int32_t acc = 0;
                    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
                        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
                            const int32_t in_x = out_x * p->stride_w - p->pad_left + kx * p->dilation_w;
                            const int32_t in_y = out_y * p->stride_h - p->pad_top + ky * p->dilation_h;
                            if (in_x >= 0 && in_x < p->in_w && in_y >= 0 && in_y < p->in_h) {
                                const int32_t value = x[in_y * p->x_row + in_x * p->x_column + in_c];
                                const int32_t weight = p->weights[reference_index(&filter, 0, ky, kx, c)];
                                acc += weight * (value - p->in_zero_point);
                            }
                        }
                    }
                    const mn_channel *channel = p->channels + c;
                    acc = reference_requant(acc + channel->bias, channel->multiplier, channel->shift);
                    y[out_y * p->y_row + out_x * p->y_column + c] =
                        reference_output(acc + p->out_zero_point, p->out_min, p->out_max);
                }
            }
        }
    }
    return MN_OK;
}
