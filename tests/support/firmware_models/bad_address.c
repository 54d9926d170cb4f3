/* Reads where no memory is. */
#include "mn_model.h"

__attribute__((section(".bss.mn_arena"), aligned(16))) int8_t mn_arena[32];

static mn_status read_nowhere(int8_t *arena)
{
    arena[0] = *(volatile int8_t *)0xA0000000u;
    return MN_OK;
}

static const mn_tensor mn_model_inputs[1] = {{0, 16, 1.0f, 0}};
static const mn_tensor mn_model_outputs[1] = {{0, 16, 1.0f, 0}};
static const mn_op_fn mn_model_ops[] = {read_nowhere};

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
