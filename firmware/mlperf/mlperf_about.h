/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLPERF_ABOUT_H
#define MLPERF_ABOUT_H

/* Lines of plain text, each a word and its value: which build this is, and what its time stamps are made of. */
void mlperf_about(void);

/* The answer to `name`. Says so when an emulator runs this. */
void mlperf_name(void);

#endif
