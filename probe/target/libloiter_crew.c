// SPDX-License-Identifier: MIT
/*
 * Who reads the batches of a snapshot. Most of the time goes into the kernel, which finds and copies a
 * page of each stack, so as many threads as there are CPUs read one batch each; the thread that
 * called puts them into the census, in their order, and reads one itself whenever none is ready. What no
 * other thread could be had for, it does alone.
 *
 * Batch n is read into place n % ROOM once the one before it there has been put: helpers are never
 * further ahead than that.
 */
#include <errno.h>
#include <pthread.h>

#include "helper.h"
#include "libloiter_snapshot.h"

#define THREADS_MAX 4u
#define ROOM_MAX    (2 * THREADS_MAX)

/* So many batches are worth a thread. */
#define BATCHES_EACH 8u

enum place { FREE, READING, READY };

struct crew {
	const struct ltr__batch_work *work;
	pthread_mutex_t mutex;  /* guards what follows */
	pthread_cond_t changed; /* some place has become ready or free, or it is over */
	struct ltr__batch *batches[ROOM_MAX];
	enum place places[ROOM_MAX];
	uint32_t room;
	uint64_t next; /* to be read */
	uint64_t count;
	bool over;
};

static bool can_read(const struct crew *crew)
{
	return !crew->over && crew->next < crew->count &&
	       crew->places[crew->next % crew->room] == FREE;
}

/* With the lock held, and without it while it reads. */
static void read_next(struct crew *crew)
{
	uint64_t number = crew->next++;
	uint32_t place = (uint32_t)(number % crew->room);

	crew->places[place] = READING;
	crew->work->fill(crew->work->context, crew->batches[place], number);
	pthread_mutex_unlock(&crew->mutex);
	ltr__batch_read(crew->batches[place]);
	pthread_mutex_lock(&crew->mutex);
	crew->places[place] = READY;
	pthread_cond_broadcast(&crew->changed);
}

static void *help(void *context)
{
	struct crew *crew = context;

	pthread_mutex_lock(&crew->mutex);
	while (!crew->over && crew->next < crew->count) {
		if (can_read(crew))
			read_next(crew);
		else
			pthread_cond_wait(&crew->changed, &crew->mutex);
	}
	pthread_mutex_unlock(&crew->mutex);
	return NULL;
}

static int put_next(struct crew *crew, uint32_t place)
{
	const struct ltr__batch *batch = crew->batches[place];

	pthread_mutex_unlock(&crew->mutex);
	int err = batch->err ? batch->err : crew->work->put(crew->work->context, batch);
	pthread_mutex_lock(&crew->mutex);
	crew->places[place] = FREE;
	pthread_cond_broadcast(&crew->changed);
	return err;
}

static int lead(struct crew *crew)
{
	int err = 0;

	pthread_mutex_lock(&crew->mutex);
	for (uint64_t put = 0; put < crew->count && !err;) {
		uint32_t place = (uint32_t)(put % crew->room);

		if (crew->places[place] == READY) {
			err = put_next(crew, place);
			put++;
		} else if (can_read(crew)) {
			read_next(crew);
		} else {
			pthread_cond_wait(&crew->changed, &crew->mutex);
		}
	}
	crew->over = true;
	pthread_cond_broadcast(&crew->changed);
	pthread_mutex_unlock(&crew->mutex);
	return err;
}

static int lead_with_help(struct crew *crew, uint32_t helpers)
{
	pthread_t others[THREADS_MAX];
	uint32_t count = 0;

	while (count < helpers && ltr_helper_start(&others[count], 0, help, crew) == 0)
		count++;

	int err = lead(crew);

	while (count)
		pthread_join(others[--count], NULL);
	return err;
}

static uint32_t threads_for(uint64_t batches, bool several)
{
	uint64_t threads = several ? batches / BATCHES_EACH : 1;
	uint64_t cpus = ltr_helper_cpus();

	threads = threads < cpus ? threads : cpus;
	threads = threads < THREADS_MAX ? threads : THREADS_MAX;
	return threads ? (uint32_t)threads : 1;
}

int ltr__batches_do(const struct ltr__look *look, const struct ltr__batch_work *work,
		    uint64_t count, bool several)
{
	struct crew crew = {.work = work, .count = count};
	uint32_t threads = threads_for(count, several);
	int err = 0;

	/* The stacks of those who have helped would stay in this process, with all that was on them. */
	if (ltr_process_is_own(look->target->process))
		threads = 1;
	crew.room = threads > 1 ? 2 * threads : 1;
	pthread_mutex_init(&crew.mutex, NULL);
	pthread_cond_init(&crew.changed, NULL);
	for (uint32_t i = 0; i < crew.room && !err; i++) {
		crew.batches[i] = ltr__batch_new(look);
		err = crew.batches[i] ? 0 : -ENOMEM;
	}
	if (!err)
		err = lead_with_help(&crew, threads - 1);
	for (uint32_t i = 0; i < crew.room; i++)
		ltr__batch_free(crew.batches[i]);
	pthread_cond_destroy(&crew.changed);
	pthread_mutex_destroy(&crew.mutex);
	return err;
}
