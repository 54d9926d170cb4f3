/* Its second op refuses its parameters. */
#include "mn_model.h"

__attribute__((section(".bss.mn_arena"), aligned(16))) int8_t mn_arena[32];

static mn_status fine(int8_t *arena)
{
    (void)arena;
    return MN_OK;
}

static mn_status refuse(int8_t *arena)
{
    (void)arena;
    return MN_ERROR_ARGUMENT;
}

static const mn_tensor mn_model_inputs[1] = {{0, 16, 1.0f, 0}};
static const mn_tensor mn_model_outputs[1] = {{0, 16, 1.0f, 0}};
static const mn_op_fn mn_model_ops[] = {fine, refuse};

const mn_model mn_the_model = {
    .inputs = mn_model_inputs,
    .outputs = mn_model_outputs,
    .ops = mn_model_ops,
    .arena = mn_arena,
    .n_inputs = 1,
    .n_outputs = 1,
    .n_ops = sizeof mn_model_ops / sizeof mn_model_ops[0],
    .arena_bytes = sizeof mn_arena,
    .constant_bytes = sizeof mn_model_inputs + sizeof mn_model_outputs + sizeof mn_model_ops,
};
