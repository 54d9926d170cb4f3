/* The arena is filled with a pattern before each run, or before the first of a sequence: a kernel that reads what it has not written gives
 * a wrong answer every time, not now and then. */
#include <string.h>

#include "harness.h"
#include "mn_arena.h"
#include "mn_reset.h"

extern const mn_model *const models[];
extern const unsigned n_models;

/* As a device that has just been switched on: states set, the rest undefined. */
static void power_on(const mn_model *model)
{
    memset(model->arena, 0x5a, model->n_banks ? model->banks[0].bytes : model->arena_bytes);
    for (unsigned i = 1; i < model->n_banks; i++) {
        memset(model->banks[i].start, 0x5a, model->banks[i].bytes);
    }
    mn_model_reset(model);
}

static int run_once(const mn_model *model)
{
    int failed = 0;
    for (unsigned i = 0; i < model->n_inputs; i++) {
        failed |= harness_read(mn_arena_at(model, model->inputs[i].offset), model->inputs[i].bytes);
    }
    failed |= mn_model_run(model) != MN_OK;
    for (unsigned i = 0; i < model->n_outputs; i++) {
        failed |= harness_write(mn_arena_at(model, model->outputs[i].offset), model->outputs[i].bytes);
    }
    return failed;
}

int run_models(void)
{
    int failed = 0;
    for (unsigned m = 0; m < n_models && !failed; m++) {
        uint32_t samples = 0;
        failed |= harness_read(&samples, sizeof samples);
        const int is_sequence = (samples & 0x80000000u) != 0;
        samples &= 0x7fffffffu;
        for (uint32_t s = 0; s < samples && !failed; s++) {
            if (s == 0 || !is_sequence) {
                power_on(models[m]);
            }
            failed |= run_once(models[m]);
        }
    }
    return failed;
}
