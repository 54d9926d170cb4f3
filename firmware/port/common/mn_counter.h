/* SPDX-License-Identifier: Apache-2.0 */
/* The counter that measures inference. port/counter_* implement it. */
#ifndef MN_COUNTER_H
#define MN_COUNTER_H

#include "mn_port.h"

/* Starts the best available counter and returns what it counts. */
mn_counter_kind mn_counter_start(void);

/* Free-running, 32 bits, wraps; constant when the kind is MN_COUNTER_NONE. */
uint32_t mn_counter_read(void);

/* The counter that mn_counter_start() chose. */
mn_counted_by mn_counter_counted_by(void);

#endif
