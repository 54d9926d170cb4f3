/* Core instructions that C has no words for. */
#ifndef MN_CORE_INSTRUCTIONS_H
#define MN_CORE_INSTRUCTIONS_H

/* Sleeps until an interrupt is pending, also a masked one. */
static inline void mn_sleep_until_interrupt(void)
{
    __asm volatile("wfi" ::: "memory");
}

/* What a driver does while it waits for a byte, over and over: it sleeps, unless the firmware (firmware/mlperf) has
 * something of its own to do meanwhile. */
#ifdef MN_OWN_WAIT
void mn_own_wait(void);

static inline void mn_wait_for_interrupt(void)
{
    mn_own_wait();
}
#else
static inline void mn_wait_for_interrupt(void)
{
    mn_sleep_until_interrupt();
}
#endif

/* Everything before has happened, and what follows is fetched anew. */
static inline void mn_barrier(void)
{
    __asm volatile("dsb\n isb" ::: "memory");
}

#endif
