#include <stdio.h>

#include "harness.h"

int harness_read(void *to, size_t bytes)
{
    return fread(to, 1, bytes, stdin) != bytes;
}

int harness_write(const void *from, size_t bytes)
{
    return fwrite(from, 1, bytes, stdout) != bytes;
}

int main(void)
{
    return run_models();
}
