/* SPDX-License-Identifier: MIT */
/*
 * A handler asks for an opinion and cannot wait for it for long; the one who has the opinion finds
 * nobody to give it to, and waits until the program ends. The cure would be a capacity of 1.
 */

#include "audit.h"

#include <loiter.h>
#include <stdbool.h>
#include <stdint.h>

LTR_CHAN(opinions, uint32_t);

struct audit {
	opinions_sender answer;
	uint32_t hash;
};

static void give_opinion(struct audit *audit)
{
	ltr_set_name("audit");
	/* Somebody slow is asked here; a service far away, say. */
	ltr_sleep(5 * LTR_MILLISECOND);
	ltr_send(audit->answer, audit->hash);
}

void audit_request(const char *path)
{
	opinions answer = ltr_make(opinions, 0);
	uint32_t hash = 5381, opinion;

	for (const char *c = path; *c != '\0'; c++)
		hash = hash * 33 + (unsigned char)*c;
	ltr_go(give_opinion, (struct audit){answer.sender, hash});
	if (ltr_recv(answer, &opinion, ltr_after(LTR_MILLISECOND)) == 0)
		ltr_free(answer);
}
