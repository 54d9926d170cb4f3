/* SPDX-License-Identifier: Apache-2.0 */
/* Answers the host: one request, one reply. */
#ifndef MN_SERVER_H
#define MN_SERVER_H

#include <stdint.h>

/* Serves requests for ever. */
__attribute__((noreturn)) void mn_server_run(void);

/* For the fault handler: the buffer that frames are sent from, and the nonce being served (0: none). */
uint8_t *mn_server_reply_buffer(void);
uint32_t mn_server_nonce(void);

#endif
