/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a model's arena by their offset, in any bank. */
#ifndef MN_ARENA_H
#define MN_ARENA_H

#include "mn_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The address of the byte at `offset`, which must be less than arena_bytes. No tensor is in two banks, so from the
 * start of one on all its bytes follow. */
int8_t *mn_arena_at(const mn_model *model, uint32_t offset);

#ifdef __cplusplus
}
#endif

#endif
