/* What mn_dsp_stem.S does, in C and from its contract in mn_dsp_stem.h. */
#include "mn_dsp_stem.h"
#include "mn_dsp_finish_on_host.h"

/* The sum of a pair's channel number `b` for the window at x. */
static int32_t stem_sum(const mn_dsp_stem_job *job, const uint32_t *x, int32_t b)
{
    int32_t sum = 0;
    for (int32_t slot = 0; slot < MN_STEM_ROWS; slot++) {
        const uint32_t *const row = job->pair->weights[job->rows[slot] / 20];
        for (int32_t i = 0; i < 2 * MN_STEM_ROW_WORDS; i++) {
            const uint32_t word = x[MN_STEM_ROWS * (i / 2) + slot];
            const int32_t both = i % 2 ? host_high(row[i / 2]) : host_low(row[i / 2]), a = host_byte((uint32_t)both, 0);
            sum += (i % 2 ? host_high(word) : host_low(word)) * (b ? (both - a) / 256 : a);
        }
    }
    return sum;
}

void mn_dsp_stem(mn_dsp_stem_job *job)
{
    for (; job->pairs > 0; job->pairs--, job->pair++, job->y += 2) {
        const uint32_t *x = job->x;
        for (int32_t pixel = 0; x < job->end; pixel++, x += MN_STEM_PIXEL_WORDS) {
            for (int32_t b = 0; b < 2; b++) {
                const mn_dsp_stem_scale *const c = job->pair->scale + b;
                const int32_t sum = stem_sum(job, x, b);
                if (job->exact && pixel < 4) {
                    job->sums[4 * b + pixel] = sum;
                } else if (!job->exact) {
                    job->y[pixel * job->step + b] =
                        finish_doubled(2 * sum + c->doubled_bias, c->multiplier, c->code, c->shift);
                }
            }
        }
    }
}
