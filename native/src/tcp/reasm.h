/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_REASM_H
#define FLUE_TCP_REASM_H

/** @file A mark of the engine's own on packets it keeps; ports use the low bits. */

#define FLUE_PKT_FIN  0x8000 /* the segment ends with a FIN */
#define FLUE_PKT_OPEN 0x4000 /* slab with copied payload that can take more */
#define FLUE_PKT_PSH  0x2000 /* a segment whose payload ends here, or before, was pushed */

#endif /* FLUE_TCP_REASM_H */
