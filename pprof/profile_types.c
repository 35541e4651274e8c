/* SPDX-License-Identifier: MIT */

/*
 * The table of profile types. One line each; people see them in this order.
 */

#include <string.h>

#include "profile_types.h"

static const struct ltr_profile_type *const types[] = {
	&ltr__profile_goroutine, &ltr__profile_goroutineleak, &ltr__profile_wait,
	&ltr__profile_block,     &ltr__profile_mutex,         &ltr__profile_sched,
	&ltr__profile_wall,      &ltr__profile_create,        &ltr__profile_cpu,
};

size_t ltr_profile_type_count(void)
{
	return sizeof(types) / sizeof(types[0]);
}

const struct ltr_profile_type *ltr_profile_type_at(size_t index)
{
	return types[index];
}

const struct ltr_profile_type *ltr_profile_type_find(const char *name)
{
	for (size_t i = 0; i < ltr_profile_type_count(); i++)
		if (strcmp(types[i]->name, name) == 0)
			return types[i];
	return NULL;
}
