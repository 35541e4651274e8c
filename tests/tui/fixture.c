/* SPDX-License-Identifier: MIT */
/*
 * The made-up program. Addresses mean nothing but an index into `code`: function i lies at
 * 0x1000 * (i + 1).
 */
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS    UINT64_C(1000000)
#define SEC   UINT64_C(1000000000)
#define START (100 * SEC)
#define PC(i) (UINT64_C(0x1000) * ((uint64_t)(i) + 1) + 8)

enum {
	F_PARK,
	F_SEND,
	F_RECV,
	F_LOCK,
	F_NET,
	F_SLEEP,
	F_WAIT,
	F_FILE,
	F_MAIN,
	F_ACCEPT,
	F_SERVE,
	F_READ,
	F_HANDLE,
	F_STORE,
	F_WORKER,
	F_REAP,
	F_LOG,
	F_RUN,
};

static const struct ltr_symbol code[] = {
	[F_PARK] = {"ltr__park", "runtime/park.c", 88, UINT32_MAX, 0, true, NULL},
	[F_SEND] = {"ltr_chan_send", "runtime/chan.c", 140, UINT32_MAX, 0, true, NULL},
	[F_RECV] = {"ltr_chan_recv", "runtime/chan.c", 201, UINT32_MAX, 0, true, NULL},
	[F_LOCK] = {"ltr_mutex_lock", "runtime/sync.c", 61, UINT32_MAX, 0, true, NULL},
	[F_NET] = {"ltr_net_read", "runtime/net.c", 93, UINT32_MAX, 0, true, NULL},
	[F_SLEEP] = {"ltr_sleep", "runtime/time.c", 40, UINT32_MAX, 0, true, NULL},
	[F_WAIT] = {"ltr_waitgroup_wait", "runtime/sync.c", 170, UINT32_MAX, 0, true, NULL},
	[F_FILE] = {"ltr_block", "runtime/block.c", 55, UINT32_MAX, 0, true, NULL},
	[F_MAIN] = {"main", "/src/httpd/httpd.c", 61, UINT32_MAX, 0, false, NULL},
	[F_ACCEPT] = {"accept_loop", "/src/httpd/httpd.c", 88, UINT32_MAX, 0, false, NULL},
	[F_SERVE] = {"serve_connection", "/src/httpd/httpd.c", 132, UINT32_MAX, 0, false, NULL},
	[F_READ] = {"read_request", "/src/httpd/request.c", 45, UINT32_MAX, 0, false, NULL},
	[F_HANDLE] = {"handle_request", "/src/httpd/handler.c", 120, UINT32_MAX, 0, false, NULL},
	[F_STORE] = {"store_update", "/src/httpd/store.c", 77, UINT32_MAX, 0, false, NULL},
	[F_WORKER] = {"worker_main", "/src/httpd/pool.c", 31, UINT32_MAX, 0, false, NULL},
	[F_REAP] = {"reap_idle", "/src/httpd/reaper.c", 22, UINT32_MAX, 0, false, NULL},
	[F_LOG] = {"log_writer", "/src/httpd/log.c", 19, UINT32_MAX, 0, false, NULL},
	[F_RUN] = {"ltr__run", "runtime/sched.c", 300, UINT32_MAX, 0, true, NULL},
};

static const char escape[] = "evil\033[31m\033]0;title\007\r\n\t\x7f";
static const char bidi[] = "\xe2\x80\xaetxt.exe\xe2\x80\x8b\xef\xbb\xbf\xe2\x80\x8d";
static const char broken[] = "\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80 half\xe2\x82";
static const char wide[] =
	"\xe6\xbc\xa2\xe5\xad\x97\xf0\x9f\x98\x80 e\xcc\x81\xcc\x81\xcc\x81\xcc\x81";

/* The same functions under hostile names. */
static const struct ltr_symbol hostile_code[] = {
	{escape, bidi, UINT32_MAX, UINT32_MAX, 0, true, NULL},
	{broken, wide, 1, UINT32_MAX, 0, false, NULL},
	{wide, escape, 0, UINT32_MAX, 0, false, NULL},
	{"", "", 0, UINT32_MAX, 0, false, NULL},
	{"\xcc\x81\xcc\x81 marks first", "/", 7, UINT32_MAX, 0, false, &hostile_code[1]},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct ltr_symbol *find_symbol(void *context, uint64_t pc)
{
	size_t index = (size_t)(pc / 0x1000) - 1;

	if (context)
		return &hostile_code[index % COUNT(hostile_code)];
	return index < COUNT(code) ? &code[index] : NULL;
}

static const struct ltr_symbol_source symbols = {.find = find_symbol};

static void must(int error)
{
	if (!error)
		return;
	fprintf(stderr, "fixture: %s\n", strerror(-error));
	abort();
}

static uint32_t string(struct fixture *fixture, const char *text)
{
	uint32_t number;

	must(ltr_census_intern_string(fixture->census, text, &number));
	return number;
}

/* The stack of a chain of functions, innermost first, ended by a negative. */
static uint32_t stack(struct fixture *fixture, const int *functions)
{
	uint64_t pcs[16];
	size_t depth = 0;
	uint32_t number;

	while (functions[depth] >= 0) {
		pcs[depth] = PC(functions[depth]);
		depth++;
	}
	must(ltr_census_intern_stack(fixture->census, pcs, depth, &number));
	return number;
}

static uint32_t site(struct fixture *fixture, int function)
{
	uint32_t number;

	must(ltr_census_intern_site(fixture->census, code[function].file, code[function].function,
				    code[function].line, &number));
	return number;
}

static uint32_t labels(struct fixture *fixture, uint64_t connection)
{
	static const char *const users[] = {"alice", "bob", "carol"};
	struct ltr_census_label label[2];
	char text[24];
	uint32_t number;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)(connection % 50));
	label[0].key = string(fixture, "conn");
	label[0].value = string(fixture, text);
	label[1].key = string(fixture, "user");
	label[1].value = string(fixture, users[connection % COUNT(users)]);
	must(ltr_census_intern_labels(fixture->census, label, 2, &number));
	return number;
}

struct sort {
	const char *name;
	uint8_t reason;
	uint8_t state;
	int created_in;
	int entry;
	int functions[7]; /* innermost first, -1 ends; -1 first: no stack */
	bool has_labels;
};

static const struct sort main_sort = {
	"",     LTR_REASON_WAITGROUP_WAIT,           LTR_STATE_SYNC, -1,
	F_MAIN, {F_PARK, F_WAIT, F_MAIN, F_RUN, -1}, false};
static const struct sort accept_sort = {"acceptor",
					LTR_REASON_IO_ACCEPT,
					LTR_STATE_NETWORK,
					F_MAIN,
					F_ACCEPT,
					{F_PARK, F_NET, F_ACCEPT, F_RUN, -1},
					false};
static const struct sort reap_sort = {
	"reaper", LTR_REASON_SLEEP, LTR_STATE_SLEEP,
	F_MAIN,   F_REAP,           {F_PARK, F_SLEEP, F_REAP, F_RUN, -1},
	false};
static const struct sort log_sort = {
	"logger", LTR_REASON_SYSCALL, LTR_STATE_SYSCALL, F_MAIN, F_LOG, {F_FILE, F_LOG, F_RUN, -1},
	false};

/* The rest of the population, taken in turns. */
static const struct sort crowd[] = {
	{"conn",
	 LTR_REASON_IO_READ,
	 LTR_STATE_NETWORK,
	 F_ACCEPT,
	 F_SERVE,
	 {F_PARK, F_NET, F_READ, F_SERVE, F_RUN, -1},
	 true},
	{"handler",
	 LTR_REASON_CHAN_SEND,
	 LTR_STATE_CHAN,
	 F_SERVE,
	 F_HANDLE,
	 {F_PARK, F_SEND, F_HANDLE, F_SERVE, F_RUN, -1},
	 true},
	{"conn",
	 LTR_REASON_IO_READ,
	 LTR_STATE_NETWORK,
	 F_ACCEPT,
	 F_SERVE,
	 {F_PARK, F_NET, F_READ, F_SERVE, F_RUN, -1},
	 true},
	{"worker",
	 LTR_REASON_CHAN_RECEIVE,
	 LTR_STATE_CHAN,
	 F_MAIN,
	 F_WORKER,
	 {F_PARK, F_RECV, F_WORKER, F_RUN, -1},
	 false},
	{"conn",
	 LTR_REASON_MUTEX_LOCK,
	 LTR_STATE_SYNC,
	 F_ACCEPT,
	 F_SERVE,
	 {F_PARK, F_LOCK, F_STORE, F_HANDLE, F_SERVE, F_RUN, -1},
	 true},
	{"conn",
	 LTR_REASON_IO_READ,
	 LTR_STATE_NETWORK,
	 F_ACCEPT,
	 F_SERVE,
	 {F_PARK, F_NET, F_READ, F_SERVE, F_RUN, -1},
	 true},
	{"worker", 0, LTR_STATE_RUNNING, F_MAIN, F_WORKER, {-1}, false},
	{"conn", 0, LTR_STATE_QUEUED, F_ACCEPT, F_SERVE, {-1}, true},
};

#define MUTEX     UINT64_C(0x7f3a10009040) /* that is fought over; a worker has it */
#define CHAN      UINT64_C(0x7f3a10002000)
#define WAITGROUP UINT64_C(0x7f3a10009100)
#define NOBODY    0 /* parent of what was created outside */
#define STUCK     1 /* index in crowd of the sort that piles up */

static uint64_t object_of(const struct sort *sort, uint64_t id)
{
	switch (sort->state) {
	case LTR_STATE_NETWORK:
		return 5 + id % 1000;
	case LTR_STATE_CHAN:
		return CHAN + (sort->reason == LTR_REASON_CHAN_SEND ? id % 3 * 256 : 0xf00);
	case LTR_STATE_SYNC:
		return sort->reason == LTR_REASON_WAITGROUP_WAIT ? WAITGROUP : MUTEX;
	default:
		return 0;
	}
}

static void put(struct fixture *fixture, const struct sort *sort, uint64_t parent, uint64_t age_ns,
		uint16_t flags)
{
	uint64_t now = ltr_census_info(fixture->census)->now_ns;
	uint64_t id = fixture->next_id++;
	struct ltr_goroutine goroutine = {
		.id = id,
		.parent_id = parent,
		.since_ns = now - age_ns,
		.created_ns = now - age_ns - 5 * MS,
		.object = object_of(sort, id),
		.waker_id = id % 4 == 1 ? 2 : 0,
		.entry_pc = PC(sort->entry) - 8,
		.stack = sort->functions[0] >= 0 ? stack(fixture, sort->functions) : 0,
		.site = sort->created_in >= 0 ? site(fixture, sort->created_in) : 0,
		.name = *sort->name ? string(fixture, sort->name) : 0,
		.labels = sort->has_labels ? labels(fixture, id) : 0,
		.transitions = (uint32_t)(3 + id % 40),
		.state = sort->state,
		.reason = sort->reason,
		.flags = flags,
	};

	must(ltr_census_snapshot_put(fixture->census, &goroutine));
}

/* Ages from milliseconds to minutes, no two the same. */
static uint64_t age_of(uint64_t i)
{
	return (i * 37 % 101 + 1) * (i % 5 == 0   ? 1200 * MS
				     : i % 5 == 1 ? 93 * MS
						  : 3 * MS) +
	       i * 1000;
}

static void put_hostile(struct fixture *fixture, uint64_t i)
{
	static const char *const texts[] = {escape, bidi, broken, wide, "", "plain"};
	struct ltr_census_label label = {.key = string(fixture, texts[i % 6]),
					 .value = string(fixture, texts[(i + 1) % 6])};
	uint64_t pcs[] = {PC(i % 5), PC((i + 1) % 5), UINT64_MAX, PC((i + 2) % 5)};
	struct ltr_goroutine goroutine = {
		.id = i % 3 ? fixture->next_id : UINT64_MAX - fixture->next_id,
		.parent_id = i % 2 ? i : UINT64_MAX,
		.since_ns = i % 4 ? ltr_census_info(fixture->census)->now_ns - i * i * 7919 : 0,
		.created_ns = i % 5 ? 1 : UINT64_MAX,
		.object = UINT64_MAX >> i % 64,
		.waker_id = i,
		.entry_pc = PC(i % 7),
		.creation_pc = PC(i % 5),
		.name = string(fixture, texts[i % 6]),
		.transitions = UINT32_MAX,
		.state = (uint8_t)(i % 12),
		.reason = (uint8_t)(i % 3 ? i % LTR_REASON_COUNT : 250),
		.flags = (uint16_t)(i % 16),
	};

	fixture->next_id++;
	must(ltr_census_intern_labels(fixture->census, &label, 1, &goroutine.labels));
	must(ltr_census_intern_site(fixture->census, texts[i % 6], texts[(i + 2) % 6], UINT32_MAX,
				    &goroutine.site));
	if (i % 7)
		must(ltr_census_intern_stack(fixture->census, pcs, i % 4 + 1, &goroutine.stack));
	must(ltr_census_snapshot_put(fixture->census, &goroutine));
}

static void put_lock(struct fixture *fixture)
{
	struct ltr_lock lock = {.object = MUTEX, .owner_id = 20};

	must(ltr_census_snapshot_lock(fixture->census, &lock));
}

/* What some of them say of themselves. */
static void put_objects(struct ltr_census *census)
{
	static const struct ltr_object objects[] = {
		{.address = CHAN + 0x100,
		 .made_pc = PC(F_SERVE),
		 .giver_id = 58,
		 .taker_id = 19,
		 .count = 4,
		 .capacity = 4,
		 .kind = LTR_OBJECT_CHANNEL,
		 .counted = true},
		{.address = CHAN + 0x200,
		 .made_pc = PC(F_SERVE),
		 .giver_id = 26,
		 .kind = LTR_OBJECT_CHANNEL,
		 .counted = true},
		{.address = CHAN + 0xf00,
		 .made_pc = PC(F_MAIN),
		 .giver_id = 999,
		 .taker_id = 52,
		 .capacity = 16,
		 .kind = LTR_OBJECT_CHANNEL,
		 .counted = true,
		 .closed = true},
		{.address = WAITGROUP,
		 .giver_id = 7,
		 .taker_id = 1,
		 .count = 7,
		 .kind = LTR_OBJECT_WAITGROUP,
		 .counted = true},
	};

	ltr_census_objects_begin(census, START);
	for (size_t i = 0; i < COUNT(objects); i++)
		must(ltr_census_object_put(census, &objects[i]));
	ltr_census_objects_end(census);
}

/* One who waits on an object; its id is returned. */
static uint64_t put_waiting(struct fixture *fixture, uint8_t reason, uint64_t object)
{
	static const int where[] = {F_PARK, F_LOCK, F_STORE, F_HANDLE, F_SERVE, F_RUN, -1};
	uint64_t id = fixture->next_id++;
	struct ltr_goroutine goroutine = {
		.id = id,
		.parent_id = 2,
		.since_ns = START - id * SEC / 10,
		.created_ns = START - id * SEC / 5,
		.object = object,
		.entry_pc = PC(F_SERVE) - 8,
		.stack = stack(fixture, where),
		.site = site(fixture, F_ACCEPT),
		.transitions = 7,
		.state = reason ? ltr_reason_state(reason) : LTR_STATE_RUNNING,
		.reason = reason,
		.flags = LTR_SINCE_EXACT,
	};

	must(ltr_census_snapshot_put(fixture->census, &goroutine));
	return id;
}

static void put_owner(struct fixture *fixture, uint64_t object, uint64_t owner)
{
	must(ltr_census_snapshot_lock(fixture->census,
				      &(struct ltr_lock){.object = object, .owner_id = owner}));
}

#define LOCK(n) (UINT64_C(0x7f3a20000000) + (n)*0x40)

/* Two who wait for each other, others behind them; one who waits for itself; a reader behind a writer;
 * a chain that is deeper than is shown. */
static void put_knots(struct fixture *fixture)
{
	uint64_t first = put_waiting(fixture, LTR_REASON_MUTEX_LOCK, LOCK(2));
	uint64_t second = put_waiting(fixture, LTR_REASON_MUTEX_LOCK, LOCK(1));
	uint64_t behind = put_waiting(fixture, LTR_REASON_MUTEX_LOCK, LOCK(1));
	uint64_t twice;
	uint64_t reader;

	put_owner(fixture, LOCK(1), first);
	put_owner(fixture, LOCK(2), second);
	put_owner(fixture, LOCK(3), behind);
	put_owner(fixture, LOCK(4), first);
	put_waiting(fixture, LTR_REASON_MUTEX_LOCK, LOCK(3));
	put_waiting(fixture, LTR_REASON_MUTEX_LOCK, LOCK(4));
	twice = put_waiting(fixture, LTR_REASON_ONCE_DO, LOCK(5));
	put_owner(fixture, LOCK(5), twice);
	reader = put_waiting(fixture, LTR_REASON_RWMUTEX_RLOCK, LOCK(6));
	put_waiting(fixture, LTR_REASON_RWMUTEX_LOCK, LOCK(6));
	must(ltr_census_snapshot_lock(fixture->census,
				      &(struct ltr_lock){.object = LOCK(6), .readers = 1}));
	must(ltr_census_snapshot_reader(
		fixture->census, &(struct ltr_reader){.object = LOCK(6), .goroutine_id = reader}));
	first = put_waiting(fixture, 0, 0);
	for (uint64_t i = 0; i < 12; i++) {
		put_owner(fixture, LOCK(7 + i), first);
		first = put_waiting(fixture, LTR_REASON_MUTEX_LOCK, LOCK(7 + i));
	}
	put_owner(fixture, LOCK(30), 999999);
	put_waiting(fixture, LTR_REASON_MUTEX_LOCK, LOCK(30));
}

static void fill_info(struct fixture *fixture, enum fixture_kind kind)
{
	struct ltr_census_info *info = ltr_census_info_mut(fixture->census);

	info->started_ns = START - 130 * SEC / 2;
	info->pid = 4242;
	info->processors = 4;
	info->threads = 6;
	info->coarse_ns = 10 * MS;
	info->way = LTR_WAY_EBPF;
	snprintf(info->command, sizeof(info->command), "./httpd --root /srv/www --port 8080");
	if (kind == FIXTURE_HOSTILE) {
		info->way = LTR_WAY_SHM;
		snprintf(info->command, sizeof(info->command), "%s %s %s", escape, wide, bidi);
		snprintf(info->way_reason, sizeof(info->way_reason), "%s refused", broken);
	}
}

void fixture_init(struct fixture *fixture, enum fixture_kind kind, size_t count)
{
	*fixture = (struct fixture){.next_id = 1};
	must(ltr_census_new(&fixture->census));
	ltr_census_set_symbols(fixture->census, &symbols, kind == FIXTURE_HOSTILE ? fixture : NULL);
	fill_info(fixture, kind);
	must(ltr_census_snapshot_begin(fixture->census, START));
	put(fixture, &main_sort, NOBODY, 64 * SEC, LTR_IS_MAIN);
	put(fixture, &accept_sort, 1, 900 * MS, LTR_SINCE_EXACT);
	put(fixture, &reap_sort, 1, 2500 * MS, LTR_SINCE_EXACT | LTR_IS_DAEMON);
	put(fixture, &log_sort, 1, 350000, LTR_SINCE_EXACT);
	for (size_t i = 4; i < count; i++) {
		const struct sort *sort = &crowd[i % COUNT(crowd)];

		if (kind == FIXTURE_HOSTILE)
			put_hostile(fixture, i);
		else
			put(fixture, sort, sort->created_in == F_MAIN ? 1 : 2, age_of(i),
			    i % 3 ? LTR_SINCE_EXACT : 0);
	}
	if (kind == FIXTURE_SMALL || kind == FIXTURE_KNOTS)
		put_lock(fixture);
	if (kind == FIXTURE_KNOTS)
		put_knots(fixture);
	must(ltr_census_snapshot_end(fixture->census, true));
	if (kind == FIXTURE_SMALL)
		put_objects(fixture->census);
}

void fixture_done(struct fixture *fixture)
{
	ltr_census_free(fixture->census);
}

void fixture_step(struct fixture *fixture)
{
	struct ltr_census *census = fixture->census;
	uint64_t now = ltr_census_info(census)->now_ns + 250 * MS;
	size_t count = ltr_census_count(census);
	uint32_t step = fixture->steps++;

	must(ltr_census_snapshot_begin(census, now));
	for (size_t i = 0; i < count; i++) {
		struct ltr_goroutine goroutine = *ltr_census_at(census, i);
		bool is_conn = goroutine.state == LTR_STATE_NETWORK && goroutine.id > 4;

		if (is_conn && goroutine.id % 97 == step % 97) {
			ltr_census_info_mut(census)->exited++;
			continue; /* a connection is closed */
		}
		if (is_conn && goroutine.id % 7 == step % 7) {
			goroutine.since_ns = now - goroutine.id % 9 * MS;
			goroutine.transitions += 3;
			goroutine.flags |= LTR_SINCE_EXACT;
		}
		must(ltr_census_snapshot_put(census, &goroutine));
	}
	for (int i = 0; i < 2; i++)
		put(fixture, &crowd[STUCK], 2, (uint64_t)(i + 1) * 20 * MS, LTR_SINCE_EXACT);
	put(fixture, &crowd[0], 2, 3 * MS, LTR_SINCE_EXACT);
	put_lock(fixture);
	must(ltr_census_snapshot_end(census, true));
	ltr_census_info_mut(census)->events += 12400;
}

static int still_poll(void *context, int timeout_ms)
{
	struct fixture *fixture = context;

	(void)timeout_ms;
	if (!fixture->ends)
		return 0;
	ltr_census_info_mut(fixture->census)->gone = true;
	return -ESRCH;
}

static int stepping_poll(void *context, int timeout_ms)
{
	struct fixture *fixture = context;

	if (!fixture->ends)
		fixture_step(fixture);
	return still_poll(context, timeout_ms);
}

static int refresh(void *context)
{
	(void)context;
	return 0;
}

/* Two thirds of a CPU, and a fiftieth for us. */
static void usage(void *context, struct ltr_tui_usage *ret_usage)
{
	struct fixture *fixture = context;
	uint64_t ns = ltr_census_info(fixture->census)->now_ns;

	*ret_usage = (struct ltr_tui_usage){
		.program_cpu_ns = ns / 3 * 2 + (uint64_t)fixture->steps % 5 * 40 * MS,
		.program_bytes = 48000000 + fixture->steps * UINT64_C(90000),
		.own_cpu_ns = ns / 50,
		.own_bytes = 6100000,
	};
}

/* What a judge may have found: a deadlock by locks, a leak, and something about the program. */
static const struct ltr_tui_line deadlock_lines[] = {
	{"evidence",
	 "each of them waits for a lock that the next one holds, and the last for what the "
	 "first one does"},
	{"goroutine", "21 \"conn\""},
	{"waiting", "sync.Mutex.Lock, for 64ms"},
	{"held by", "goroutine 37, locked at /src/httpd/store.c:70 (store_update)"},
	{"stack", "store_update      /src/httpd/store.c:77"},
	{"", "handle_request    /src/httpd/handler.c:120"},
	{"goroutine", "37 \"conn\""},
	{"waiting", "sync.Mutex.Lock, for 64ms"},
	{"held by", "goroutine 21, locked at /src/httpd/log.c:12 (log_line)"},
	{"stack", "log_line          /src/httpd/log.c:14"},
	{"created by", "accept_loop       /src/httpd/httpd.c:88, in goroutine 2"},
};
static const struct ltr_tui_line leak_lines[] = {
	{"evidence",
	 "no live goroutine, global or heap block refers to the channel that each of them "
	 "waits on (2 passes, 3.4 MB read in 12ms)"},
	{"goroutines", "10 \"handler\", 18 \"handler\", 26 \"handler\", 34 \"handler\", 42 "
		       "\"handler\" and 2 more"},
	{"waiting", "chan send, for 15ms to 2m1s"},
	{"stack", "handle_request    /src/httpd/handler.c:120"},
	{"", "serve_connection  /src/httpd/httpd.c:132"},
	{"created by", "serve_connection  /src/httpd/httpd.c:132"},
};
static const struct ltr_tui_line hostile_lines[] = {
	{escape, broken}, {"", wide}, {wide, bidi}, {bidi, ""}};
static const uint64_t deadlock_ids[] = {21, 37};
static const uint64_t leak_ids[] = {10, 18, 26, 34, 42, 50, 58};

#define LINES(array) array, COUNT(array)
#define IDS(array)   array, COUNT(array)

static const struct ltr_tui_finding made_up[] = {
	{1, 0, true, "deadlock",
	 "2 goroutines wait for each other's lock: waiting at /src/httpd/store.c:77 (store_update)",
	 "Take both locks in the same order everywhere: whoever needs both takes the one with the lower "
	 "address first.",
	 2, 64 * MS, START, START, LINES(deadlock_lines), IDS(deadlock_ids)},
	{2, 1, true, "leaked",
	 "7 goroutines leaked: created at /src/httpd/httpd.c:132 (serve_connection)",
	 "Nobody receives here any more, often because the receiver gave up after a time-out. Give the "
	 "channel a buffer of 1, or send in a select with a deadline.",
	 7, 121 * SEC, START + 2 * 250 * MS, START, LINES(leak_lines), IDS(leak_ids)},
	{3, 4, false, "inconclusive",
	 "./httpd (pid 4242) lost 12 records of what its goroutines did", "", 0, 0, START, 0, NULL,
	 0, NULL, 0},
};
static const struct ltr_tui_finding hostile_made_up[] = {
	{1, 0, true, escape, broken, wide, UINT64_MAX, UINT64_MAX, 1, 1, LINES(hostile_lines),
	 IDS(leak_ids)},
	{2, 3, false, "", "", "", 0, 0, UINT64_MAX, UINT64_MAX, LINES(hostile_lines), NULL, 0},
};

const struct ltr_tui_findings *fixture_findings(enum fixture_kind kind)
{
	static const struct ltr_tui_findings found = {
		made_up, COUNT(made_up), 0, START,
		"by locks and by what can never come; P also looks at references"};
	static const struct ltr_tui_findings hostile = {hostile_made_up, COUNT(hostile_made_up),
							UINT64_MAX, UINT64_MAX, broken};

	return kind == FIXTURE_HOSTILE ? &hostile : &found;
}

/* The leak is found in the third moment, and the rest in the first. */
static int judge(void *context, uint64_t budget_ns, const struct ltr_tui_findings **ret_findings)
{
	static struct ltr_tui_findings early;
	struct fixture *fixture = context;

	(void)budget_ns;
	*ret_findings = fixture_findings(FIXTURE_SMALL);
	if (fixture->steps < 3) {
		early = **ret_findings;
		early.count = 1;
		*ret_findings = &early;
	}
	return 0;
}

static int prove(void *context, bool go, char *ret_why, size_t why_size)
{
	struct fixture *fixture = context;

	(void)why_size;
	*ret_why = 0;
	fixture->proofs = go ? fixture->proofs + 1 : 0;
	if (go && fixture->proofs < fixture->proof_takes)
		return 1;
	fixture->steps += go ? 3 : 0;
	return 0;
}

void fixture_judges(struct ltr_tui_source *source)
{
	source->judge = judge;
	source->prove = prove;
}

static const struct ltr_census *census(void *context)
{
	return ((struct fixture *)context)->census;
}

struct ltr_tui_source fixture_source(struct fixture *fixture)
{
	return (struct ltr_tui_source){.context = fixture,
				       .poll = stepping_poll,
				       .refresh = refresh,
				       .census = census,
				       .usage = usage};
}

struct ltr_tui_source fixture_still_source(struct fixture *fixture)
{
	return (struct ltr_tui_source){.context = fixture,
				       .poll = still_poll,
				       .refresh = refresh,
				       .census = census,
				       .usage = usage};
}

unsigned fixture_seed(void)
{
	const char *text = getenv("LTR_TEST_SEED");
	unsigned seed = text ? (unsigned)strtoul(text, NULL, 10) : 1;

	printf("LTR_TEST_SEED=%u\n", seed);
	return seed;
}
