/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_CACHE_H
#define MN_CACHE_H

/* Invalidates and switches on the core's instruction and data caches. Called once, before the clock goes up; the
 * driver cache_m7 implements it, and defines MN_HAS_CACHES in mn_board.h. */
void mn_cache_start(void);

#endif
