#ifndef MN_CLOCK_H
#define MN_CLOCK_H

#include "mn_port.h"

/* Sets the profile's clock, or the next best that starts: its PLL from the internal oscillator, then the bare
 * 16 MHz oscillator that the chip comes out of reset with. */
mn_clock mn_clock_start(void);

#endif
