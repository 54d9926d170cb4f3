/* SPDX-License-Identifier: Apache-2.0 */
/* The spectrum of real samples in 16-bit fixed point, with the roundings of the transform that TensorFlow Lite Micro's audio
 * front end uses: other transforms are as exact, but give other bits. */
#ifndef MN_MICRO_SPECTRUM_H
#define MN_MICRO_SPECTRUM_H

#include <stdint.h>

/* Samples 0 and 1 are pair 0 of values. Where the next two samples go, after those of pair `place`; 0 after the last two. */
uint32_t mn_micro_next_place(uint32_t points, uint32_t place);

/* In place: values holds points samples of 16 bits in the order of mn_micro_next_place, and then points / 2 pairs (re, im)
 * of the spectrum divided by points: pair k is that of bin k; pair 0 is of no use. cosines: as in mn_micro. */
void mn_micro_spectrum(uint32_t points, const int16_t *cosines, int32_t *values);

#endif
