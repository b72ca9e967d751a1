/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_RUN_H
#define FLUE_ENGINE_RUN_H

/** @file One pass, without the question who may make it. */

#include "engine/priv.h"

/** @return work done */
int flue_engine_pass(struct flue_engine *e, int64_t now, int budget);

#endif /* FLUE_ENGINE_RUN_H */
