/* A reconstruction of 640 values that is off by two steps everywhere, on another scale than the input's. */
#include "mn_model.h"

enum { N = 640 };

__attribute__((section(".bss.mn_arena"), aligned(16))) int8_t mn_arena[N];

static mn_status off_by_two(int8_t *arena)
{
    for (int i = 0; i < N; i++) {
        arena[i] = (int8_t)(arena[i] > 125 ? 127 : arena[i] + 2);
    }
    return MN_OK;
}

static const mn_tensor mn_model_inputs[1] = {{0, N, 0.375f, 7}};
static const mn_tensor mn_model_outputs[1] = {{0, N, 0.4f, 5}};
static const mn_op_fn mn_model_ops[1] = {off_by_two};

const mn_model mn_the_model = {
    .inputs = mn_model_inputs,
    .outputs = mn_model_outputs,
    .ops = mn_model_ops,
    .arena = mn_arena,
    .n_inputs = 1,
    .n_outputs = 1,
    .n_ops = 1,
    .arena_bytes = sizeof mn_arena,
    .constant_bytes = sizeof mn_model_inputs + sizeof mn_model_outputs + sizeof mn_model_ops,
};
