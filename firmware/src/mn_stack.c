/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_stack.h"

uint32_t mn_stack_high_water(void)
{
    const uint32_t *word = mn_ld_stack_start;
    while (word < mn_ld_stack_end && *word == MN_STACK_PAINT) {
        word++;
    }
    return (uint32_t)((uintptr_t)mn_ld_stack_end - (uintptr_t)word);
}
