/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TEST_RULE_H
#define FLUE_TEST_RULE_H

/** @file RULE("T-19") next to a test names the rule it checks. Read by the conformance report. */

#define RULE(id)

#endif /* FLUE_TEST_RULE_H */
