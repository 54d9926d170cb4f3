/* Counts the instructions of every operator: TIM2 of QEMU's netduinoplus2 ticks once per instruction under
 * `-icount shift=0`. Out: uint32 per operator, uint32 bytes of stack, then the outputs. */
#include "harness.h"
#include "mn_model.h"

#define RCC_APB1ENR (*(volatile uint32_t *)0x40023840u)
#define TIM2_CR1 (*(volatile uint32_t *)0x40000000u)
#define TIM2_CNT (*(volatile uint32_t *)0x40000024u)

enum { PAINTED_WORDS = 1024, PAINT = 0x5ac3b00d, MOST_OPS = 1024 };

/* Instructions from one reading of the counter to the next with nothing in between. */
static uint32_t overhead(void)
{
    const uint32_t before = TIM2_CNT;
    const uint32_t after = TIM2_CNT;
    return after - before;
}

static uint32_t counts[MOST_OPS];

/* An op that runs by rows has the sum of its steps. */
static int count(const mn_model *model, uint32_t step)
{
    const uint32_t op = mn_model_op_of(model, step), before = TIM2_CNT;
    const mn_status status = mn_model_run_step(model, step);
    counts[op] += TIM2_CNT - before - overhead();
    return status != MN_OK;
}

static uint32_t *stack_pointer(void)
{
    uint32_t *sp;
    __asm__ volatile("mov %0, sp" : "=r"(sp));
    return sp;
}

static int run_ops(const mn_model *model)
{
    int failed = model->n_ops > MOST_OPS;
    if (failed) {
        return failed;
    }
    uint32_t *const top = stack_pointer() - 32; /* this function's own frame stays out of it */
    volatile uint32_t *word = top - PAINTED_WORDS;
    for (uint32_t i = 0; i < PAINTED_WORDS; i++) {
        word[i] = PAINT;
    }
    for (uint32_t step = 0; step < mn_model_steps(model); step++) {
        failed |= count(model, step);
    }
    while (word != top && *word == PAINT) {
        word++;
    }
    const uint32_t stack_bytes = 4 * (uint32_t)(top - word) + 4 * 32;
    failed |= harness_write(counts, 4 * model->n_ops);
    return failed | harness_write(&stack_bytes, sizeof stack_bytes);
}

int run_models(void)
{
    const mn_model *const model = &mn_the_model;
    int failed = 0;
    RCC_APB1ENR |= 1u;
    TIM2_CR1 |= 1u;
    for (unsigned i = 0; i < model->n_inputs; i++) {
        failed |= harness_read(model->arena + model->inputs[i].offset, model->inputs[i].bytes);
    }
    failed |= run_ops(model);
    for (unsigned i = 0; i < model->n_outputs; i++) {
        failed |= harness_write(model->arena + model->outputs[i].offset, model->outputs[i].bytes);
    }
    return failed;
}
