/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_fault.h"

/* Passes the exception frame on. A stack pointer that has left the stack is reset to the whole stack: what was
 * on it is lost either way. One within 256 bytes of the end counts as out: this handler needs them. */
__attribute__((naked)) void mn_fault_entry(void)
{
    __asm volatile("mrs r0, msp\n"
                   "ldr r1, =mn_ld_stack_start + 256\n"
                   "cmp r0, r1\n"
                   "bhs 1f\n"
                   "ldr r1, =mn_ld_stack_end\n"
                   "mov sp, r1\n"
                   "1: ldr r1, =%c0\n"
                   "bx r1\n" /* Armv6-M branches 2 KB far at most */
                   :
                   : "i"(mn_fault_report));
}
