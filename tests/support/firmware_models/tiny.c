/* A network small enough to check by hand: out[i] = in[i] + 1 twice, then out = sum of in, saturated. */
#include "mn_model.h"

__attribute__((section(".bss.mn_arena"), aligned(16))) int8_t mn_arena[32];

static const int8_t mn_model_step[3] = {1, 1, 1};

static mn_status add_step(int8_t *arena)
{
    for (int i = 0; i < 10; i++) {
        arena[i] = (int8_t)(arena[i] + mn_model_step[i % 3]);
    }
    return MN_OK;
}

static mn_status sum(int8_t *arena)
{
    int32_t total = 0;
    for (int i = 0; i < 10; i++) {
        total += arena[i];
    }
    arena[16] = (int8_t)(total > 127 ? 127 : total < -128 ? -128 : total);
    return MN_OK;
}

static const mn_tensor mn_model_inputs[1] = {{0, 10, 0.5f, -3}};
static const mn_tensor mn_model_outputs[1] = {{16, 1, 0.25f, 4}};
static const mn_op_fn mn_model_ops[3] = {add_step, add_step, sum};

#define CONSTANT_BYTES \
    (sizeof mn_model_step + sizeof mn_model_inputs + sizeof mn_model_outputs + sizeof mn_model_ops)

const mn_model mn_the_model = {
    .inputs = mn_model_inputs,
    .outputs = mn_model_outputs,
    .ops = mn_model_ops,
    .arena = mn_arena,
    .n_inputs = 1,
    .n_outputs = 1,
    .n_ops = 3,
    .arena_bytes = sizeof mn_arena,
    .constant_bytes = CONSTANT_BYTES,
};
