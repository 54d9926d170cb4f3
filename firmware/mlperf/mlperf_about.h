/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLPERF_ABOUT_H
#define MLPERF_ABOUT_H

/* Lines of plain text, each a word and its value: the build, and the source of its time stamps. */
void mlperf_about(void);

/* The reply to `name`. It states if an emulator runs this. */
void mlperf_name(void);

#endif
