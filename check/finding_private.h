/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CHECK_FINDING_PRIVATE_H
#define LOITER_CHECK_FINDING_PRIVATE_H

/*
 * A finding in the making, for finding.c and finding_object.c. It is the first member of its box, and the
 * box owns all its texts and frames.
 */

#include "internal.h"

struct ltr__text {
	struct ltr__text *next;
	char bytes[];
};

struct ltr__box {
	struct ltr_finding finding;
	struct ltr_finding_frame *frames;
	struct ltr_finding_lock lock;
	uint64_t *ids;
	struct ltr_finding_object objects[LTR_FINDING_OBJECTS];
	const struct ltr_finding **cycle; /* owned, as are the findings */
	struct ltr__text *texts;
	bool failed; /* a copy could not be made; the box is good for nothing but to be freed */
};

/* Copies; what cannot be copied spoils the box. */
void ltr__copy_symbol(struct ltr__box *box, const struct ltr_symbol *symbol, uint64_t pc,
		      struct ltr_finding_frame *ret_frame);
/* Where a goroutine was created, and where it is: its innermost frame that is not the runtime's. */
void ltr__copy_creation(struct ltr__box *box, const struct ltr_census *census,
			const struct ltr_goroutine *goroutine, struct ltr_finding_frame *created);
void ltr__copy_position(struct ltr__box *box, const struct ltr_census *census,
			const struct ltr_goroutine *goroutine, struct ltr_finding_frame *ret_frame);

/*
 * place.c. The file of a creating call: `file`, or, if that is relative and debug information knows to where,
 * the whole path. And "/build/../src" becomes "/src", in place.
 */
const char *ltr__site_file(const struct ltr_census *census, const char *file, uint64_t creation_pc);
void ltr__tidy_path(char *path);

/* finding_object.c: what is known of what they wait on. */
void ltr__copy_objects(struct ltr__box *box, const struct ltr_census *census,
		       const struct ltr_goroutine *goroutine);
/* The lock that all of them wait for, if the rule has not told of it. */
void ltr__copy_same_lock(struct ltr__box *box, const struct ltr_census *census,
			 const struct ltr__claim *claims, size_t count);

#endif
