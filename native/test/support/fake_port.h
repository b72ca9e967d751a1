/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TEST_FAKE_PORT_H
#define FLUE_TEST_FAKE_PORT_H

/** @file The port of the harness: what was injected is received, what is sent is kept. */

#include "support/harness.h"

struct fake_port *fake_port_new(uint32_t buffers, uint32_t caps);
void fake_port_inject(struct fake_port *p, const void *frame, uint32_t len);
void fake_port_free(struct fake_port *p);

#endif /* FLUE_TEST_FAKE_PORT_H */
