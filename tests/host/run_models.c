/* Runs every linked model on the samples that come in on stdin and writes the outputs to stdout.
 * Per model: uint32 samples, then per sample all inputs; out: per sample all outputs.
 *
 * The arena is filled with a pattern before each run: a kernel that reads what it has not written gives
 * a wrong answer every time, not now and then. */
#include <stdio.h>
#include <string.h>

#include "mn_model.h"

extern const mn_model *const models[];
extern const unsigned n_models;

static int run_once(const mn_model *model)
{
    memset(model->arena, 0x5a, model->arena_bytes);
    for (unsigned i = 0; i < model->n_inputs; i++) {
        const mn_tensor *input = &model->inputs[i];
        if (fread(model->arena + input->offset, 1, input->bytes, stdin) != input->bytes) {
            fputs("stdin ended early\n", stderr);
            return 1;
        }
    }
    if (mn_model_run(model) != MN_OK) {
        fputs("a kernel refused its arguments\n", stderr);
        return 1;
    }
    for (unsigned i = 0; i < model->n_outputs; i++) {
        fwrite(model->arena + model->outputs[i].offset, 1, model->outputs[i].bytes, stdout);
    }
    return 0;
}

int main(void)
{
    for (unsigned m = 0; m < n_models; m++) {
        uint32_t samples = 0;
        if (fread(&samples, sizeof samples, 1, stdin) != 1) {
            fputs("stdin ended early\n", stderr);
            return 1;
        }
        for (uint32_t s = 0; s < samples; s++) {
            if (run_once(models[m]) != 0) {
                fprintf(stderr, "model %u, sample %u\n", m, (unsigned)s);
                return 1;
            }
        }
    }
    return 0;
}
