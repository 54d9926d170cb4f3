/* SPDX-License-Identifier: Apache-2.0 */
/* 16 bytes that say exactly which sources, profile and flags this image was built from. */
#ifndef MN_BUILD_ID_H
#define MN_BUILD_ID_H

#include <stdint.h>

#define MN_BUILD_ID_BYTES 16

/* Defined in a file that the build generates. */
extern const uint8_t mn_build_id[MN_BUILD_ID_BYTES];

#endif
