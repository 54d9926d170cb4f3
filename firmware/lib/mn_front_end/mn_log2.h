/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_LOG2_H
#define MN_LOG2_H

#include <stdint.h>

/* log2 of value with 16 fraction bits, off by less than 2^-14; 0 for value 0. */
int32_t mn_log2(uint64_t value);

#endif
