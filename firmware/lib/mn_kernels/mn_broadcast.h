/* How two operands of up to four dimensions meet: y is `extent`, an operand's step is 0 where it is
 * repeated. The generator merges dimensions, so that the innermost loop is as long as it can be. */
#ifndef MN_BROADCAST_H
#define MN_BROADCAST_H

#include <stdint.h>

typedef struct {
    int32_t extent[4];
    int32_t step1[4], step2[4]; /* elements from one index of a dimension to the next */
} mn_broadcast;

#endif
