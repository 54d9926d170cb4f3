/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_port.h"
#include "mn_server.h"

int main(void)
{
    mn_port_init();
    mn_server_run();
}
