/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLPERF_DB_H
#define MLPERF_DB_H

/* `db load N`, `db print` and `db HEX`; `rest` is what follows `db`. */
void mlperf_db(char *rest);

#endif
