/* What mn_dsp_few.S does, in C and from its contract in mn_dsp_few.h. */
#include "mn_dsp_few.h"

enum { PIXELS = 4 };

/* The weights of channel number b of a pair for input c: steps hold 0 and 2 or 1 and 3 of a group, the last lies first. */
static int32_t weight_at(const uint32_t *pair, int32_t groups, int32_t c, int32_t b)
{
    const int32_t step = c / 4 * 2 + c % 2, place = step == 2 * groups - 1 ? 0 : step + 1;
    const uint32_t word = pair[2 + 2 * place + b];
    return c % 4 < 2 ? host_low(word) : host_high(word);
}

static int8_t ended(const mn_dsp_few_job *job, int32_t sum, const uint32_t *scale)
{
    const int32_t multiplier = (int32_t)scale[0], code = (int32_t)scale[1];
    if (job->general) {
        return (int8_t)mn_saturated_half(mn_smmlar(sum, multiplier, code + (sum >> 31)) >> scale[2]);
    }
    const int32_t y = ((int32_t)(((int64_t)sum * multiplier) >> 32) + code) >> MN_FEW_SHIFT;
    return (int8_t)(y > 127 ? 127 : (y < -128 ? -128 : y));
}

static void run_quad(const mn_dsp_few_job *job, int8_t inputs[PIXELS][MN_FEW_CHANNELS])
{
    const int32_t scale_words = job->general ? 3 : 2, before = 2 + 4 * job->groups;
    int8_t *y = job->y;
    for (const uint32_t *pair = job->pairs; pair < job->end; pair += before + 2 * scale_words, y += 2) {
        for (int32_t k = 0; k < 2 * PIXELS; k++) {
            const int32_t b = k / PIXELS, pixel = k % PIXELS;
            int32_t sum = (int32_t)pair[b];
            for (int32_t c = 0; c < 4 * job->groups; c++) {
                sum += inputs[pixel][c] * weight_at(pair, job->groups, c, b);
            }
            y[pixel * job->y_step + b] = ended(job, sum, pair + before + b * scale_words);
        }
    }
}

void mn_dsp_few(mn_dsp_few_job *job)
{
    for (; job->quads > 0; job->quads--, job->x += job->x_quad, job->y += job->y_quad) {
        int8_t inputs[PIXELS][MN_FEW_CHANNELS];
        for (int32_t k = 0; k < PIXELS; k++) {
            memcpy(inputs[k], job->x + k * job->x_step, (size_t)(4 * job->groups));
        }
        run_quad(job, inputs);
    }
}
