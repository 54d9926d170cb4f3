/* Two ops that differ by exactly 200,000 executed instructions. */
#include "mn_model.h"

__attribute__((section(".bss.mn_arena"), aligned(16))) int8_t mn_arena[32];

static void loop(uint32_t rounds)
{
    __asm volatile(".syntax unified\n 1: subs %0, %0, #1\n"
                   "bne 1b\n"
                   : "+l"(rounds)
                   :
                   : "cc");
}

static mn_status short_loop(int8_t *arena)
{
    (void)arena;
    loop(100000);
    return MN_OK;
}

static mn_status long_loop(int8_t *arena)
{
    (void)arena;
    loop(200000);
    return MN_OK;
}

static const mn_tensor mn_model_inputs[1] = {{0, 16, 1.0f, 0}};
static const mn_tensor mn_model_outputs[1] = {{0, 16, 1.0f, 0}};
static const mn_op_fn mn_model_ops[] = {short_loop, long_loop};

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
