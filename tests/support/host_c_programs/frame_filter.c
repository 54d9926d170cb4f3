/* Reads hex lines. "d HEX" decodes what lies between two delimiters and prints "version type nonce payload" or
 * "garbled"; "e TYPE NONCE HEX" prints the encoded frame. Buffers are allocated at their exact sizes, so that
 * AddressSanitizer sees any access outside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mn_frame.h"

static size_t parse_hex(const char *text, uint8_t *out)
{
    size_t n = 0;
    unsigned value;
    while (sscanf(text + 2 * n, "%2x", &value) == 1) {
        out[n++] = (uint8_t)value;
    }
    return n;
}

static void print_hex(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        printf("%02x", bytes[i]);
    }
    printf("\n");
}

static void decode(const char *text)
{
    const size_t n = strspn(text, "0123456789abcdef") / 2;
    uint8_t *const buffer = malloc(n == 0 ? 1 : n);
    mn_frame frame;
    (void)parse_hex(text, buffer);
    if (mn_frame_decode(buffer, n, &frame) == MN_FRAME_OK) {
        printf("%u %u %lu ", frame.version, frame.type, (unsigned long)frame.nonce);
        print_hex(frame.payload, frame.payload_bytes);
    } else {
        printf("garbled\n");
    }
    free(buffer);
}

static void encode(const char *text)
{
    uint8_t *const buffer = malloc(MN_FRAME_BUFFER);
    unsigned type = 0;
    unsigned long nonce = 0;
    int at = 0;
    (void)sscanf(text, "%u %lu %n", &type, &nonce, &at);
    const size_t n = parse_hex(text + at, mn_frame_payload(buffer));
    print_hex(buffer, mn_frame_encode(buffer, (uint8_t)type, (uint32_t)nonce, n));
    free(buffer);
}

int main(void)
{
    static char line[8192];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (line[0] == 'd') {
            decode(line + 2);
        } else {
            encode(line + 2);
        }
    }
    return 0;
}
