#ifndef MN_BOARD_H
#define MN_BOARD_H

#define MN_BOARD_NAME "bench_top"
#define MN_CLOCK_HZ 168000000u

#endif
