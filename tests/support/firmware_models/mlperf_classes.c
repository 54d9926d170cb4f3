/* Takes INPUTS bytes and gives its first OUTPUTS of them, plus one; then it spoils its input, as networks may. */
#include "mn_model.h"

#ifndef INPUTS
#define INPUTS 490
#define OUTPUTS 12
#endif

__attribute__((section(".bss.mn_arena"), aligned(16))) int8_t mn_arena[INPUTS + 16];

static mn_status take_first(int8_t *arena)
{
    for (int i = 0; i < OUTPUTS; i++) {
        arena[INPUTS + i] = (int8_t)(arena[i] + 1);
    }
    return MN_OK;
}

static mn_status spoil(int8_t *arena)
{
    for (int i = 0; i < INPUTS; i++) {
        arena[i] = 99;
    }
    return MN_OK;
}

static const mn_tensor mn_model_inputs[1] = {{0, INPUTS, 0.5f, -128}};
static const mn_tensor mn_model_outputs[1] = {{INPUTS, OUTPUTS, 0.00390625f, -128}};
static const mn_op_fn mn_model_ops[2] = {take_first, spoil};

const mn_model mn_the_model = {
    .inputs = mn_model_inputs,
    .outputs = mn_model_outputs,
    .ops = mn_model_ops,
    .arena = mn_arena,
    .n_inputs = 1,
    .n_outputs = 1,
    .n_ops = 2,
    .arena_bytes = sizeof mn_arena,
    .constant_bytes = sizeof mn_model_inputs + sizeof mn_model_outputs + sizeof mn_model_ops,
};
