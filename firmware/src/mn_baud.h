/* SPDX-License-Identifier: Apache-2.0 */
/* The line's rate: switched on request, and back to the profile's when frames stop making sense. */
#ifndef MN_BAUD_H
#define MN_BAUD_H

/* Call after every reply was sent: makes a switch that the request asked for. */
void mn_baud_apply(void);

/* Call for every frame: a good one confirms the rate, a few garbled ones in a row give it up. A host that
 * restarts at the profile's rate is so understood again. */
void mn_baud_frame_was_good(void);
void mn_baud_frame_was_garbled(void);

#endif
