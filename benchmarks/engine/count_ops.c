/* Counts the instructions of every operator: TIM2 of QEMU's netduinoplus2 ticks once per instruction under
 * `-icount shift=0`. Out: uint32 per operator, uint32 bytes of stack, then the outputs. */
#include "harness.h"
#include "mn_model.h"

#if defined(ROW_INPUT)
#include "mn_fetch_rows.h"
enum { WHOLE_INPUTS = 0 };
#else
enum { WHOLE_INPUTS = 1 };
#endif

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

#if defined(ROW_INPUT)
/* The rows come from the file; op 0 is what their buffer costs, not what they cost. */
static int read_row(void *context, int32_t y, int8_t *destination)
{
    (void)context;
    (void)y;
    return harness_read(destination, mn_the_model.inputs[0].bytes);
}

static mn_row_source source = {read_row, 0, 0};

static int fetch(const mn_model *model, uint32_t step)
{
    mn_model_run_step(model, step); /* refuses: to mark the step */
    return mn_fetch_rows(model, model->arena, &model->steps[step], &source);
}
#endif

/* An op that runs by rows has the sum of its steps. */
static int count(const mn_model *model, uint32_t step)
{
#if defined(ROW_INPUT)
    if (mn_model_op_of(model, step) == 0) {
        return fetch(model, step);
    }
#endif
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
    for (unsigned i = 0; WHOLE_INPUTS && i < model->n_inputs; i++) {
        failed |= harness_read(model->arena + model->inputs[i].offset, model->inputs[i].bytes);
    }
    failed |= run_ops(model);
    for (unsigned i = 0; i < model->n_outputs; i++) {
        failed |= harness_write(model->arena + model->outputs[i].offset, model->outputs[i].bytes);
    }
    return failed;
}
