/* SPDX-License-Identifier: MIT */
/*
 * class: resource / AB-BA
 *
 * Kicking a user locks the registry and then the session; a session that ends locks itself and then the
 * registry.
 */
/* expect: leak at LEAVE reason sync.Mutex.Lock explore */
/* expect fixed: clean explore */

#include <loiter.h>
#include <stdbool.h>

static struct ltr_mutex registry_lock;
static int sessions = 1;

struct session {
	struct ltr_mutex lock;
	bool open;
};

static void end_session(struct session **session)
{
	bool was_open;

	ltr_mutex_lock(&(*session)->lock);
	was_open = (*session)->open;
	(*session)->open = false;
#ifdef FIXED
	ltr_mutex_unlock(&(*session)->lock);
#endif
	ltr_mutex_lock(&registry_lock); /* LEAVE */
	sessions -= was_open;
	ltr_mutex_unlock(&registry_lock);
#ifndef FIXED
	ltr_mutex_unlock(&(*session)->lock);
#endif
}

static void kick(struct session **session)
{
	ltr_mutex_lock(&registry_lock);
	ltr_mutex_lock(&(*session)->lock);
	sessions -= (*session)->open;
	(*session)->open = false;
	ltr_mutex_unlock(&(*session)->lock);
	ltr_mutex_unlock(&registry_lock);
}

static int run(int argc, char **argv)
{
	static struct session session = {.open = true};

	ltr_go(kick, &session);
	ltr_go(end_session, &session);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
