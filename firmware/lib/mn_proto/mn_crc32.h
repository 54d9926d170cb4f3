/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32 of IEEE 802.3 (reflected 0x04C11DB7, as in zlib), a nibble at a time: 64 bytes of table. */
#ifndef MN_CRC32_H
#define MN_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* CRC of `bytes` continued from `crc`; start with 0. mn_crc32(mn_crc32(0, a), b) is the CRC of a then b. */
uint32_t mn_crc32(uint32_t crc, const uint8_t *bytes, size_t length);

#endif
