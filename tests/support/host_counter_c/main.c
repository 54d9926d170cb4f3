/* mn_counter_start() on a chip whose counters advance by argv[1] (DWT) and argv[2] (TIM2) from one reading to the
 * next, once everything that starts them was written. argv[3]: whether TIM2 passes for an instruction counter, which
 * is measured in Arm instructions and so tested in the emulator. Prints the kind, the counter's number, and how far it then moves. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "mn_counter.h"
#include "mn_instruction_counter.h"
#include "mn_register.h"

enum { CYCCNT, DWT_CTRL, DEMCR, TIM2_CNT, TIM2_CR1, TIM2_ARR, TIM2_ENABLE, OTHER, N_REGISTERS };

static volatile uint32_t registers[N_REGISTERS];
static uint32_t dwt_step, tim2_step, instruction_counter;

static int index_of(uint32_t address)
{
    switch (address) {
    case 0xE0001004u: return CYCCNT;
    case 0xE0001000u: return DWT_CTRL;
    case 0xE000EDFCu: return DEMCR;
    case 0x40000024u: return TIM2_CNT;
    case 0x40000000u: return TIM2_CR1;
    case 0x4000002Cu: return TIM2_ARR;
    case 0x4002103Cu: return TIM2_ENABLE;
    default: return OTHER;
    }
}

volatile uint32_t *fake_register(uint32_t address)
{
    const int at = index_of(address);
    if (at == CYCCNT && (registers[DEMCR] & 1u << 24) != 0 && (registers[DWT_CTRL] & 1u) != 0) {
        registers[CYCCNT] += dwt_step;
    }
    if (at == TIM2_CNT && registers[TIM2_ENABLE] == 1u && registers[TIM2_CR1] == 1u && registers[TIM2_ARR] == UINT32_MAX) {
        registers[TIM2_CNT] += tim2_step;
    }
    return &registers[at];
}

bool mn_counts_instructions(const volatile uint32_t *counter)
{
    (void)counter;
    return instruction_counter != 0;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    dwt_step = (uint32_t)strtoul(argv[1], NULL, 10);
    tim2_step = (uint32_t)strtoul(argv[2], NULL, 10);
    instruction_counter = (uint32_t)strtoul(argv[3], NULL, 10);
    const mn_counter_kind kind = mn_counter_start();
    const uint32_t before = mn_counter_read();
    printf("%d %d %" PRIu32 "\n", (int)kind, (int)mn_counter_counted_by(), mn_counter_read() - before);
    return 0;
}
