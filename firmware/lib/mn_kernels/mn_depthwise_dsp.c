/* DSP form of DEPTHWISE_CONV_2D, channel by channel on a plane of its own (mn_dsp_plane.h). */
#include "mn_dsp_plane.h"

#if defined(__ARM_FEATURE_DSP)

/* The part of the plane that is input, not padding. */
typedef struct {
    int32_t rows, columns;
} extent;

static extent input_extent(const mn_depthwise *p)
{
    const int32_t rows = p->plane_h - p->pad_top, columns = p->plane_w - p->pad_left;
    const extent inside = {rows < p->in_h ? rows : p->in_h, columns < p->in_w ? columns : p->in_w};
    return inside;
}

static void fill_plane(const mn_depthwise *p, int16_t *plane)
{
    for (int32_t i = p->plane_h * p->plane_w; i > 0; i--) {
        *plane++ = p->in_zero_point;
    }
}

/* Channel x[0] of the input into the middle of the plane, four elements a turn. */
static void copy_channel(const mn_depthwise *p, extent inside, const int8_t *x, int16_t *plane)
{
    const int32_t c = p->in_c;
    int16_t *row = plane + p->pad_top * p->plane_w + p->pad_left;
    for (int32_t i = 0; i < inside.rows; i++, row += p->plane_w, x += p->in_w * c) {
        const int8_t *from = x;
        int16_t *to = row;
        int32_t left = inside.columns;
        for (; left >= 4; left -= 4, from += 4 * c, to += 4) {
            const int16_t x0 = from[0], x1 = from[c], x2 = from[2 * c], x3 = from[3 * c];
            to[0] = x0;
            to[1] = x1;
            to[2] = x2;
            to[3] = x3;
        }
        for (; left > 0; left--, from += c) {
            *to++ = *from;
        }
    }
}

static int32_t tap(const mn_depthwise *p, const int8_t *weights, int32_t ky, int32_t kx)
{
    return kx < 0 || kx >= p->kernel_w ? 0 : weights[(ky * p->kernel_w + kx) * p->out_c];
}

static int32_t weight_words(const mn_depthwise *p)
{
    return p->kernel_w / 2 + 1;
}

/* Rows of pairs of weights, each pair in the form for the first output, then for the second. */
static void pack_weights(const mn_depthwise *p, const int8_t *weights, uint32_t *packed)
{
    const int32_t shift = p->stride_w % 2, taps = 2 * weight_words(p);
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        for (int32_t k = 0; k < taps; k += 2) {
            *packed++ = mn_pack(tap(p, weights, ky, k), tap(p, weights, ky, k + 1));
            *packed++ = mn_pack(tap(p, weights, ky, k - shift), tap(p, weights, ky, k + 1 - shift));
        }
    }
}

static inline int8_t finish(const mn_depthwise *p, const mn_channel *channel, int32_t code, int32_t sum)
{
    if (p->exact_finish) {
        return mn_finish(sum, channel->multiplier, channel->shift, p->out_zero_point, p->out_min, p->out_max);
    }
    return mn_dsp_finish(sum, channel->multiplier, channel->shift, code);
}

/* Any kernel and stride: one row of outputs. */
static int8_t *general_row(const mn_depthwise *p, const mn_channel *channel, const uint32_t *packed,
                           const uint32_t *field, int8_t *y)
{
    const int32_t words = weight_words(p), row_words = p->plane_w / 2, second = p->stride_w / 2;
    const int32_t code = p->exact_finish ? 0 : mn_dsp_code(p->out_zero_point, channel->shift);
    for (int32_t left = p->out_w; left > 0; left -= 2, field += p->stride_w) {
        int32_t sum0 = channel->bias, sum1 = channel->bias;
        const uint32_t *w = packed, *x = field;
        for (int32_t ky = 0; ky < p->kernel_h; ky++, x += row_words) {
            for (int32_t k = 0; k < words; k++, w += 2) {
                sum0 = mn_smlad(x[k], w[0], sum0);
                sum1 = mn_smlad(x[k + second], w[1], sum1);
            }
        }
        *y = finish(p, channel, code, sum0);
        y += p->out_c;
        if (left > 1) {
            *y = finish(p, channel, code, sum1);
            y += p->out_c;
        }
    }
    return y;
}

static void general(const mn_depthwise *p, const mn_channel *channel, const int8_t *weights, const int16_t *plane,
                    uint32_t *packed, int8_t *y)
{
    pack_weights(p, weights, packed);
    for (int32_t out_y = 0; out_y < p->out_h; out_y++, plane += p->stride_h * p->plane_w) {
        y = general_row(p, channel, packed, (const uint32_t *)(const void *)plane, y);
    }
}

static void run_3x3(const mn_depthwise *p, mn_dsp_plane_job *job, const int16_t *plane, int32_t rows, int32_t pairs)
{
    job->rows = rows;
    job->row_bytes = 4 * pairs * p->stride_w;
    job->row_skip = 2 * p->stride_h * p->plane_w - job->row_bytes;
    job->plane[0] = plane;
    job->plane[1] = plane + p->plane_w;
    job->plane[2] = plane + 2 * p->plane_w;
    if (rows > 0 && pairs > 0) {
        (p->stride_w == 1 ? mn_dsp_depthwise_3x3_s1 : mn_dsp_depthwise_3x3_s2)(job);
    }
}

/* A row of an odd number of outputs writes one too many: on the first of the next row, which comes later. In
 * the last row its last output is therefore taken by itself, both times to the same place. */
static void window_3x3(const mn_depthwise *p, mn_dsp_plane_job *job, const int16_t *plane, int8_t *y)
{
    const int32_t odd = p->out_w % 2, pairs = p->out_w / 2, last = p->out_h - 1;
    const int16_t *const last_row = plane + last * p->stride_h * p->plane_w;
    job->y = y;
    job->y_step = p->out_c;
    job->y_skip = -odd * p->out_c;
    if (!odd) {
        run_3x3(p, job, plane, p->out_h, pairs);
        return;
    }
    run_3x3(p, job, plane, last, pairs + 1);
    job->y = y + last * p->out_w * p->out_c;
    run_3x3(p, job, last_row, 1, pairs);
    job->y += 2 * pairs * p->out_c;
    job->y_step = 0;
    run_3x3(p, job, last_row + 2 * pairs * p->stride_w, 1, 1);
}

static void channel_3x3(const mn_depthwise *p, const mn_channel *channel, const int8_t *weights,
                        const int16_t *plane, int8_t *y)
{
    mn_dsp_plane_job job;
    const int32_t step = p->out_c;
    for (int32_t ky = 0; ky < 3; ky++, weights += 3 * step) {
        const int32_t w0 = 2 * weights[0], w1 = 2 * weights[step], w2 = 2 * weights[2 * step];
        job.weights[2 * ky] = mn_pack(w0, w1);
        job.weights[2 * ky + 1] = mn_pack(w1, w2);
    }
    job.bias = 2 * channel->bias;
    job.multiplier = channel->multiplier;
    job.shift = -channel->shift - 1;
    job.code = (2 * p->out_zero_point + 1) * (1 << job.shift);
    window_3x3(p, &job, plane, y);
}

mn_status mn_depthwise_dsp(const mn_depthwise *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const int32_t is_3x3 = p->kernel_h == 3 && p->kernel_w == 3 && p->stride_w <= 2 && !p->exact_finish;
    int16_t *const plane = (int16_t *)(void *)scratch;
    uint32_t *const packed = (uint32_t *)(void *)(scratch + 2 * p->plane_h * p->plane_w);
    fill_plane(p, plane);
    for (int32_t c = 0; c < p->out_c; c++) {
        if (c % p->multiplier == 0) {
            copy_channel(p, input_extent(p), x + c / p->multiplier, plane);
        }
        if (is_3x3) {
            channel_3x3(p, p->channels + c, p->weights + c, plane, y + c);
        } else {
            general(p, p->channels + c, p->weights + c, plane, packed, y + c);
        }
    }
    return MN_OK;
}

#endif
