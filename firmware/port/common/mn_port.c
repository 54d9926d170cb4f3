/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_port.h"

#include "mn_board.h"
#include "mn_cache.h"
#include "mn_clock.h"
#include "mn_counter.h"
#include "mn_usart.h"

static mn_clock clock;
static mn_counter_kind counter_kind;

void mn_port_init(void)
{
#ifdef MN_HAS_CACHES
    mn_cache_start();
#endif
    clock = mn_clock_start();
    /* The bus prescalers belong to the full clock; every fallback to less runs without them. */
    mn_usart_start(clock.hz == MN_CLOCK_HZ ? clock.hz >> MN_UART_APB_SHIFT : clock.hz);
    counter_kind = mn_counter_start();
}

mn_clock mn_port_clock(void)
{
    return clock;
}

uint32_t mn_port_counter(void)
{
    return mn_counter_read();
}

mn_counter_kind mn_port_counter_kind(void)
{
    return counter_kind;
}

mn_counted_by mn_port_counted_by(void)
{
    return mn_counter_counted_by();
}
