#include "mn_port.h"

#include "mn_board.h"
#include "mn_clock.h"
#include "mn_dwt.h"
#include "mn_instruction_counter.h"
#include "mn_register.h"
#include "mn_usart.h"

#define RCC_APB1ENR MN_REGISTER(0x40023840u)
#define TIM2_CR1 MN_REGISTER(0x40000000u)
#define TIM2_EGR MN_REGISTER(0x40000014u)
#define TIM2_CNT MN_REGISTER(0x40000024u)
#define TIM2_PSC MN_REGISTER(0x40000028u)
#define TIM2_ARR MN_REGISTER(0x4000002Cu)

static mn_clock clock;
static mn_counter_kind counter_kind;

static void start_tim2(void)
{
    RCC_APB1ENR |= 1u;
    (void)RCC_APB1ENR;
    TIM2_PSC = 0;
    TIM2_ARR = 0xFFFFFFFFu;
    TIM2_EGR = 1u; /* take the prescaler over */
    TIM2_CR1 = 1u;
}

static mn_counter_kind start_counter(void)
{
    if (mn_dwt_start()) {
        return MN_COUNTER_CYCLES;
    }
    start_tim2();
    return mn_counts_instructions(&TIM2_CNT) ? MN_COUNTER_INSTRUCTIONS : MN_COUNTER_NONE;
}

void mn_port_init(void)
{
    clock = mn_clock_start();
    /* The bus prescalers belong to the full clock; every fallback runs without them. */
    mn_usart_start(clock.hz == MN_CLOCK_HZ ? clock.hz >> MN_UART_APB_SHIFT : clock.hz);
    counter_kind = start_counter();
}

mn_clock mn_port_clock(void)
{
    return clock;
}

uint32_t mn_port_counter(void)
{
    switch (counter_kind) {
    case MN_COUNTER_CYCLES: return MN_DWT_CYCCNT;
    case MN_COUNTER_INSTRUCTIONS: return TIM2_CNT;
    default: return 0;
    }
}

mn_counter_kind mn_port_counter_kind(void)
{
    return counter_kind;
}
