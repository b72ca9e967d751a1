/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_PORT_CAPTURE_H
#define FLUE_PORT_CAPTURE_H

#include "flue/flue_pkt.h"

/** The port whose buffers these are: what a capturing port stands in front of, or itself. */
const struct flue_port *flue_capture_inner(const struct flue_port *port);

#endif /* FLUE_PORT_CAPTURE_H */
