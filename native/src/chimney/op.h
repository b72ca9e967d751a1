/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_CHIMNEY_OP_H
#define FLUE_CHIMNEY_OP_H

/** @file Words of the tree walk that op.c and the operations share. */

/** What a block of an initiate tree is (chimney rules 3.6). */
enum flue_role {
	ROLE_PLACEHOLDER = 1,
	ROLE_LINKER = 2,
	ROLE_NEW = 3,
};

#endif /* FLUE_CHIMNEY_OP_H */
