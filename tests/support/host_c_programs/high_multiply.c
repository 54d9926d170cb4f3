/* Pairs of int32 from stdin; to stdout mn_high_multiply and mn_high_multiply_by_halves of each. */
#include <stdio.h>

#include "mn_requant.h"

int main(void)
{
    int32_t pair[2];
    while (fread(pair, sizeof pair, 1, stdin) == 1) {
        const int32_t results[2] = {mn_high_multiply(pair[0], pair[1]), mn_high_multiply_by_halves(pair[0], pair[1])};
        if (fwrite(results, sizeof results, 1, stdout) != 1) {
            return 1;
        }
    }
    return 0;
}
