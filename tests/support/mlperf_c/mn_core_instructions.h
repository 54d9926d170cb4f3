/* Stands in for firmware/port/common/mn_core_instructions.h on the host, where sleep ends at once. */
#ifndef MN_CORE_INSTRUCTIONS_H
#define MN_CORE_INSTRUCTIONS_H

void mn_sleep_until_interrupt(void);

#endif
