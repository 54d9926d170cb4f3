/* The bytes that go in and out of the test programs: stdio on the host, semihosting in the emulator. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stddef.h>

/* 0 when all `bytes` came in. */
int harness_read(void *to, size_t bytes);

/* 0 when all `bytes` went out. */
int harness_write(const void *from, size_t bytes);

/* Runs every linked model on the samples that come in. Per model: uint32 samples (bit 31: they are one
 * sequence, states are kept), then per sample all inputs; out: per sample all outputs. 0 when every byte was read and written and no kernel refused. */
int run_models(void);

#endif
