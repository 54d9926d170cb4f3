/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLPERF_COMMANDS_H
#define MLPERF_COMMANDS_H

/* Longest command in characters, without its '%'. */
enum { MLPERF_MAX_COMMAND = 80 };

/* Answers `command`, words separated by spaces, which is taken apart in place. The closing m-ready is the caller's. */
void mlperf_command(char *command);

#endif
