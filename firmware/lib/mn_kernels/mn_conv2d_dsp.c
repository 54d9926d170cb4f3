/* DSP form of CONV_2D: the receptive fields of two neighbouring output pixels are widened to scratch, then
 * multiplied. Where the channels are a multiple of four, rows are widened straight from the input. */
#include "mn_conv2d.h"
#include "mn_dsp_conv.h"
#include "mn_gather.h"

#if defined(__ARM_FEATURE_DSP)

/* Every other word of `to`: the words between are the other pixel's. Returns past the last word. */
static uint32_t *widen(const int8_t *from, int32_t bytes, uint32_t *to)
{
    for (; bytes > 0; bytes -= 4, from += 4, to += 4) {
        const uint32_t word = mn_load4(from);
        to[0] = mn_sxtb16(word);
        to[2] = mn_sxtb16_odd(word);
    }
    return to;
}

static uint32_t *fill(uint32_t halves, int32_t bytes, uint32_t *to)
{
    for (; bytes > 0; bytes -= 4, to += 4) {
        to[0] = halves;
        to[2] = halves;
    }
    return to;
}

static uint32_t *widen_row(const mn_conv2d *p, const int8_t *row, int32_t first_x, uint32_t halves, uint32_t *to)
{
    if (p->dilation_w == 1 && first_x >= 0 && first_x + p->kernel_w <= p->in_w) {
        return widen(row + first_x * p->in_c, p->kernel_w * p->in_c, to);
    }
    for (int32_t k = 0; k < p->kernel_w; k++) {
        const int32_t x = first_x + k * p->dilation_w;
        to = x < 0 || x >= p->in_w ? fill(halves, p->in_c, to) : widen(row + x * p->in_c, p->in_c, to);
    }
    return to;
}

static void widen_field(const mn_conv2d *p, const int8_t *x, int32_t first_y, int32_t first_x, uint32_t *to)
{
    const uint32_t zero = (uint32_t)(uint16_t)p->in_zero_point, halves = zero | zero << 16;
    for (int32_t k = 0; k < p->kernel_h; k++) {
        const int32_t y = first_y + k * p->dilation_h;
        if (y < 0 || y >= p->in_h) {
            to = fill(halves, p->kernel_w * p->in_c, to);
        } else {
            to = widen_row(p, x + y * p->in_w * p->in_c, first_x, halves, to);
        }
    }
}

/* Output pixel number `i`, in rows, to every other word of `to`. `patch` is for what cannot go straight. */
static void pixel_field(const mn_conv2d *p, const int8_t *x, int32_t i, int8_t *patch, uint32_t *to)
{
    const int32_t out_y = i / p->out_w, out_x = i - out_y * p->out_w;
    const int32_t first_y = out_y * p->stride_h - p->pad_top, first_x = out_x * p->stride_w - p->pad_left;
    if (p->in_c % 4 == 0) {
        widen_field(p, x, first_y, first_x, to);
    } else {
        mn_gather(p, x, first_y, first_x, p->in_c, patch);
        widen(patch, 4 * p->segment_groups * p->segments, to);
    }
}

mn_status mn_conv2d_dsp(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const int32_t terms = 4 * p->segment_groups * p->segments, pixels = p->out_h * p->out_w;
    uint32_t *const widened = (uint32_t *)(void *)scratch;
    int8_t *const patch = scratch + 4 * terms;
    memset(scratch, 0, (size_t)(p->in_c % 4 == 0 ? 4 * terms : 5 * terms)); /* the padded terms */
    for (int32_t i = 0; i < pixels; i += 2, y += 2 * p->out_c) {
        const int32_t second = i + 1 < pixels ? 1 : 0; /* the last pixel of an odd number is taken twice */
        pixel_field(p, x, i, patch, widened);
        pixel_field(p, x, i + second, patch, widened + 1);
        mn_dsp_conv_two_pixels(p, widened, y, y + second * p->out_c);
    }
    return MN_OK;
}

#endif
