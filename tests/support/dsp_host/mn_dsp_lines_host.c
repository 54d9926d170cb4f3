/* What the mn_dsp_lines_*.S forms do, in C and from their contract in mn_dsp_lines.h. */
#include "mn_dsp_lines.h"
#include "mn_dsp_finish_on_host.h"

/* Twice the sum of a pair's channel number `b` for the window at x. */
static int32_t lines_sum(const mn_dsp_lines_job *job, const uint32_t *x, int32_t chains, int32_t taps, int32_t b)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < 2 * chains * taps; i++) {
        const uint32_t weights = (uint32_t)job->pair[i / 2], word = x[i / 2 % taps * chains + i / 2 / taps];
        const int32_t both = i % 2 ? host_high(weights) : host_low(weights), a = host_byte((uint32_t)both, 0);
        sum += (i % 2 ? host_high(word) : host_low(word)) * (b ? (both - a) / 256 : a);
    }
    return sum;
}

/* The outputs of a pair of channels on a line, the last quad from job->last on. */
static void run_line(const mn_dsp_lines_job *job, const uint32_t *x, int8_t *y, int32_t chains, int32_t taps)
{
    const int32_t outputs = (int32_t)(job->last - job->x) / chains + 4;
    for (int32_t i = 0; i < 2 * outputs; i++) {
        const int32_t *const scale = job->pair + chains * taps + 4 * (i % 2);
        const int32_t sum = lines_sum(job, x + i / 2 * chains, chains, taps, i % 2);
        y[i / 2 * job->step + i % 2] = finish_doubled(sum + scale[0], scale[1], scale[2], scale[3]);
    }
}

static void run_lines(mn_dsp_lines_job *job, int32_t chains, int32_t taps)
{
    for (int32_t i = 0; i < 8 && job->exact; i++) {
        job->sums[i] = lines_sum(job, job->x + i % 4 * chains, chains, taps, i / 4);
    }
    const int32_t outputs = (int32_t)(job->last - job->x) / chains + 4;
    for (int32_t line = 0; line < job->lines && !job->exact; line++) {
        const int32_t behind = line * (outputs * job->step + job->skip);
        run_line(job, job->x + line * job->line_bytes / 4, job->y + behind, chains, taps);
    }
}

void mn_dsp_lines_1x5(mn_dsp_lines_job *job)
{
    run_lines(job, 1, 5);
}

void mn_dsp_lines_1x8(mn_dsp_lines_job *job)
{
    run_lines(job, 1, 8);
}

void mn_dsp_lines_2x3(mn_dsp_lines_job *job)
{
    run_lines(job, 2, 3);
}

void mn_dsp_lines_3x2(mn_dsp_lines_job *job)
{
    run_lines(job, 3, 2);
}

void mn_dsp_lines_3x5(mn_dsp_lines_job *job)
{
    run_lines(job, 3, 5);
}

void mn_dsp_lines_4x5(mn_dsp_lines_job *job)
{
    run_lines(job, 4, 5);
}
