/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of words, 1 chain of 5 taps (mn_dsp_lines_form.h). */
#if defined(__ARM_FEATURE_DSP)

#include "mn_dsp_lines_form.h"

    .global mn_dsp_lines_1x5
    lines mn_dsp_lines_1x5, 1, 5

#endif
#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
