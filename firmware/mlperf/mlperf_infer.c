/* SPDX-License-Identifier: Apache-2.0 */
#include "mlperf_infer.h"

#include <stdbool.h>

#include "mlperf_input.h"
#include "mlperf_text.h"
#include "mlperf_time.h"
#include "mlperf_timestamp.h"
#include "mn_arena.h"
#include "mn_mlperf.h"

static bool has_results;
#if MN_MLPERF_ERROR_SCORE
static float error_score; /* kept, because the next load overwrites what it is computed from */
#endif

static void line_with_number(const char *text, uint32_t number)
{
    mlperf_text(text);
    mlperf_decimal(number);
    mlperf_end_line();
}

static void line(const char *text)
{
    mlperf_text(text);
    mlperf_end_line();
}

/* False after an e- line: an operator refused its parameters. */
static bool run(uint32_t times)
{
    for (; times != 0; times--) {
        mlperf_input_give();
        for (uint32_t step = 0; step < mn_model_steps(&mn_the_model); step++) {
            if (mn_model_run_step(&mn_the_model, step) != MN_OK) {
                mlperf_text("e-[Operator ");
                mlperf_decimal(mn_model_op_of(&mn_the_model, step));
                mlperf_text(" failed]");
                mlperf_end_line();
                return false;
            }
            mlperf_time_update();
        }
    }
    return true;
}

static void take_results(void)
{
    has_results = true;
#if MN_MLPERF_ERROR_SCORE
    error_score = mlperf_input_error();
#endif
}

void mlperf_infer(uint32_t inferences, uint32_t warm_ups)
{
    has_results = false;
    if (!mlperf_input_prepare()) {
        return;
    }
    line_with_number("m-warmup-start-", warm_ups);
    if (!run(warm_ups)) {
        return;
    }
    line("m-warmup-done");
    line_with_number("m-infer-start-", inferences);
    mlperf_timestamp();
    if (!run(inferences)) {
        return;
    }
    mlperf_timestamp();
    line("m-infer-done");
    take_results();
    mlperf_results();
}

#if MN_MLPERF_ERROR_SCORE

static void write_vector(void)
{
    mlperf_thousandths(error_score);
}

#else

static void write_vector(void)
{
    const mn_tensor *const output = &mn_the_model.outputs[0];
    const int8_t *const values = mn_arena_at(&mn_the_model, output->offset);
    for (uint32_t i = 0; i < output->bytes; i++) {
        if (i != 0) {
            mlperf_text(",");
        }
        mlperf_thousandths(output->scale * (float)(values[i] - output->zero_point));
    }
}

#endif

void mlperf_results(void)
{
    if (!has_results) {
        mlperf_error("There was no inference yet");
        return;
    }
    mlperf_text("m-results-[");
    write_vector();
    line("]");
}
