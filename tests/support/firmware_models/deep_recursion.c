/* Eats its stack and more. */
#include "mn_model.h"

__attribute__((section(".bss.mn_arena"), aligned(16))) int8_t mn_arena[32];

static int dig(volatile int8_t *arena, int depth)
{
    volatile int8_t frame[64];
    frame[depth & 63] = arena[0];
    return depth == 0 ? frame[0] : dig(arena, depth - 1) + frame[depth & 63];
}

static mn_status overflow(int8_t *arena)
{
    arena[0] = (int8_t)dig(arena, 100000);
    return MN_OK;
}

static const mn_tensor mn_model_inputs[1] = {{0, 16, 1.0f, 0}};
static const mn_tensor mn_model_outputs[1] = {{0, 16, 1.0f, 0}};
static const mn_op_fn mn_model_ops[] = {overflow};

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
