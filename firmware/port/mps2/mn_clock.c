/* SPDX-License-Identifier: Apache-2.0 */
/* Arm's MPS2 and MPS3 FPGA images as QEMU emulates them: the clock is given, there is nothing to set up. */
#include "mn_clock.h"

#include "mn_board.h"
#include "mn_core_instructions.h"
#include "mn_register.h"

/* A Cortex-M3 runs Armv6-M code, but also its unaligned accesses, on which an Armv6-M core faults. Made to fault,
 * too (Armv7-M ARM B3.2.8, CCR.UNALIGN_TRP), it lets nothing pass that the chip would not. */
static void be_as_strict_as_the_core(void)
{
#if defined(__ARM_ARCH_6M__)
    MN_REGISTER(0xE000ED14u) |= 1u << 3;
    mn_barrier();
#endif
}

mn_clock mn_clock_start(void)
{
    be_as_strict_as_the_core();
    /* The profile's clock is that of the emulated board, which always differs from this machine's. */
    const mn_clock given = {MN_MPS2_HZ, MN_CLOCK_HSI, 1};
    return given;
}
