/* SPDX-License-Identifier: Apache-2.0 */
/* Reset: paint the stack, copy .data, clear .bss, switch the FPU on, run the firmware.
 *
 * The stack is the first thing in SRAM, so that an overflow runs into unmapped memory and faults instead of
 * eating statics; on F7 it runs into the far end of DTCM, unless the arena covers both. The arena is neither copied
 * nor cleared: the host writes every input before a run.
 */
#include <stdint.h>

#include "mn_board.h"
#include "mn_fault.h"
#include "mn_stack.h"

int main(void);
void mn_reset(void);

/* From the linker script; all word aligned. */
extern uint32_t mn_ld_data_load[], mn_ld_data_start[], mn_ld_data_end[], mn_ld_bss_start[], mn_ld_bss_end[];
extern uint32_t mn_ld_code_load[], mn_ld_code_start[], mn_ld_code_end[];

typedef void (*mn_vector)(void);

typedef struct {
    uint32_t *initial_sp;
    mn_vector system[15];
} mn_vector_table;

/* Peripheral interrupts are only used to wake from WFI with PRIMASK set, never taken, so none has a vector. */
__attribute__((section(".isr_vector"), used)) const mn_vector_table mn_vectors = {
    mn_ld_stack_end,
    {
        mn_reset,
        mn_fault_entry, /* NMI */
        mn_fault_entry, /* HardFault */
        mn_fault_entry, /* MemManage */
        mn_fault_entry, /* BusFault */
        mn_fault_entry, /* UsageFault */
        mn_fault_entry, /* SecureFault */
        0, 0, 0,
        mn_fault_entry, /* SVCall */
        mn_fault_entry, /* DebugMonitor */
        0,
        mn_fault_entry, /* PendSV */
        mn_fault_entry, /* SysTick */
    },
};

/* ST's boot loader jumps here after an upload by USB with its own vectors still in force (Armv7-M ARM, B3.2.5). */
static void use_own_vectors(void)
{
    *(volatile uint32_t *)0xE000ED08u = (uint32_t)(uintptr_t)&mn_vectors;
}

static void enable_fpu(void)
{
#if defined(__ARM_FP)
    volatile uint32_t *const cpacr = (volatile uint32_t *)0xE000ED88u; /* Armv7-M ARM, B3.2.20 */
    *cpacr |= 0xFu << 20;
    __asm volatile("dsb\n isb" ::: "memory");
#endif
}

static void fill(uint32_t *from, const uint32_t *end, uint32_t value)
{
    while (from < end) {
        *from++ = value;
    }
}

/* Kernels that run from RAM, and what they call of the C library, which the compiler may use anywhere: so this comes
 * first, by volatile reads, which it does not replace by memcpy. The barriers come before their first fetch.
 */
static void copy_ram_code(void)
{
#if defined(MN_RAM_CODE)
    const volatile uint32_t *load = mn_ld_code_load;
    for (uint32_t *word = mn_ld_code_start; word < mn_ld_code_end; word++) {
        *word = *load++;
    }
    __asm volatile("dsb\n isb" ::: "memory");
#endif
}

/* Runs on the stack it paints: stops short of its own frame. */
static void paint_stack(void)
{
    uint32_t *sp;
    __asm volatile("mov %0, sp" : "=r"(sp));
    fill(mn_ld_stack_start, sp - 8, MN_STACK_PAINT);
}

__attribute__((noreturn)) void mn_reset(void)
{
    __asm volatile("cpsid i" ::: "memory");
    use_own_vectors();
    enable_fpu();
    copy_ram_code();
    paint_stack();
    const uint32_t *load = mn_ld_data_load;
    for (uint32_t *word = mn_ld_data_start; word < mn_ld_data_end; word++) {
        *word = *load++;
    }
    fill(mn_ld_bss_start, mn_ld_bss_end, 0);
    (void)main();
    for (;;) {
    }
}
