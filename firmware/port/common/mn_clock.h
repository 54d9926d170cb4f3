/* SPDX-License-Identifier: Apache-2.0 */
/* The clock tree, per family: port/<family>/mn_clock.c. */
#ifndef MN_CLOCK_H
#define MN_CLOCK_H

#include "mn_port.h"

/* Sets the profile's clock, or the next best that starts: the same from the internal oscillator, then that
 * oscillator alone, as the chip comes out of reset. Every wait is bounded. A fallback leaves every bus
 * prescaler at 1, so that peripherals then run at the returned rate; the profile's clock leaves the UART at
 * hz >> MN_UART_APB_SHIFT. Also right after a boot loader that left a PLL running. */
mn_clock mn_clock_start(void);

#endif
