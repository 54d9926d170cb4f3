/* Stands in for firmware/port/common/mn_core_instructions.h on the host, where nothing waits or needs a barrier. */
#ifndef MN_CORE_INSTRUCTIONS_H
#define MN_CORE_INSTRUCTIONS_H

static inline void mn_barrier(void)
{
}

#endif
