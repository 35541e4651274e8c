// SPDX-License-Identifier: MIT
/* Processes from outside: reading, and every way in which that is refused. */
#include "testing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

static pid_t start_sleeper(void)
{
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	assert_true(pid > 0);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int listen_at(const char *address)
{
	struct sockaddr_in where = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET, address, &where.sin_addr), 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&where, sizeof(where)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

/* A child has copies of all of these: what it is told of them must be what we know. */
static void test_sockets_have_addresses(void **state)
{
	(void)state;
	struct ltr_process *process = NULL;
	struct ltr_why why;
	struct ltr_census_socket is;
	struct sockaddr_in at;
	socklen_t bytes = sizeof(at);
	char expected[64];
	int pair[2];
	int listener = listen_at("127.0.0.1");
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &bytes), 0);
	assert_int_equal(connect(client, (const struct sockaddr *)&at, sizeof(at)), 0);
	snprintf(expected, sizeof(expected), "127.0.0.1:%u", ntohs(at.sin_port));

	pid_t pid = start_sleeper();
	assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), 0);
	int err = ltr_process_socket(process, (uint64_t)listener, &is);
	if (err == -ENOSYS) {
		print_message("skipped: this kernel has no pidfd_getfd()\n");
	} else {
		assert_int_equal(err, 0);
		assert_string_equal(is.local, expected);
		assert_string_equal(is.peer, "");
		assert_int_equal(ltr_process_socket(process, (uint64_t)client, &is), 0);
		assert_string_equal(is.peer, expected);
		assert_string_not_equal(is.local, expected);
		assert_int_equal(ltr_process_socket(process, (uint64_t)pair[0], &is), 0);
		assert_string_equal(is.peer, "unix");
		assert_int_equal(ltr_process_socket(process, 0, &is), -ENOTSOCK);
		assert_int_equal(ltr_process_socket(process, 1000000, &is), -EBADF);
		assert_int_equal(ltr_process_socket(process, UINT64_MAX, &is), -EBADF);
		end(pid);
		assert_int_equal(ltr_process_socket(process, (uint64_t)client, &is), -ESRCH);
		pid = start_sleeper();
	}
	end(pid);
	ltr_process_close(process);
	close(listener);
	close(client);
	close(pair[0]);
	close(pair[1]);
}

static void test_abstract_names(void **state)
{
	(void)state;
	struct ltr_process *process = NULL;
	struct ltr_why why;
	struct ltr_census_socket is;
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "loiter-test-%d", getpid());
	assert_int_equal(bind(fd, (const struct sockaddr *)&name,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
					  strlen(name.sun_path + 1))),
			 0);
	assert_int_equal(ltr_process_open((uint32_t)getpid(), &process, &why), 0);
	if (ltr_process_socket(process, (uint64_t)fd, &is) == 0) {
		assert_int_equal(is.local[0], '@');
		assert_string_equal(is.local + 1, name.sun_path + 1);
	}
	ltr_process_close(process);
	close(fd);
}

static void test_no_such_process(void **state)
{
	(void)state;
	struct ltr_process *process = NULL;
	struct ltr_why why;
	pid_t pid = start_sleeper();

	end(pid);
	assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), -ESRCH);
	assert_non_null(strstr(why.text, "there is no process"));
	assert_int_equal(ltr_process_open(0, &process, &why), -ESRCH);
	assert_int_equal(ltr_process_open(UINT32_MAX, &process, &why), -ESRCH);
	assert_null(process);
}

static void test_zombie(void **state)
{
	(void)state;
	struct ltr_process *process = NULL;
	struct ltr_why why;
	siginfo_t info;
	pid_t pid = start_sleeper();

	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), -ESRCH);
	assert_non_null(strstr(why.text, "has ended already"));
	end(pid);
}

static void *tell_tid(void *argument)
{
	int *pipes = argument;
	pid_t tid = gettid();
	char byte;

	if (write(pipes[1], &tid, sizeof(tid)) == sizeof(tid))
		(void)!read(pipes[2], &byte, 1);
	return NULL;
}

static void test_thread(void **state)
{
	(void)state;
	struct ltr_process *process = NULL;
	struct ltr_why why;
	int pipes[4];
	pthread_t thread;
	pid_t tid;

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(pipe(pipes + 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, tell_tid, pipes), 0);
	assert_int_equal(read(pipes[0], &tid, sizeof(tid)), sizeof(tid));
	assert_int_equal(ltr_process_open((uint32_t)tid, &process, &why), -ENOEXEC);
	assert_non_null(strstr(why.text, "is a thread of process"));
	for (int i = 0; i < 4; i++)
		if (i != 2)
			close(pipes[i]);
	pthread_join(thread, NULL);
	close(pipes[2]);
}

static void test_kernel_thread(void **state)
{
	(void)state;
	struct ltr_process *process = NULL;
	struct ltr_why why;
	char name[32] = "";
	int fd = open("/proc/2/comm", O_RDONLY);

	if (fd < 0 || read(fd, name, sizeof(name) - 1) < 0 || strncmp(name, "kthreadd", 8) != 0) {
		print_message("skipped: no thread of the kernel is visible here\n");
		close(fd);
		skip();
	}
	close(fd);
	assert_int_equal(ltr_process_open(2, &process, &why), -ENOEXEC);
	assert_non_null(strstr(why.text, "thread of the kernel"));
}

/* Somebody without rights asks about us; what he was told comes back as his exit status. */
static void test_not_ours(void **state)
{
	(void)state;
	int status;

	if (geteuid() != 0) {
		print_message("skipped: becoming somebody else needs root\n");
		skip();
	}
	pid_t victim = start_sleeper();
	pid_t pid = fork();
	if (pid == 0) {
		struct ltr_process *process;
		struct ltr_why why;
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(99);
		int err = ltr_process_open((uint32_t)victim, &process, &why);
		_exit(err == -EPERM && strstr(why.text, "CAP_SYS_PTRACE") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	end(victim);
}

/* Below the root of a process its links are its own: they do not lead into our files. */
static void test_links_stay_below_the_root(void **state)
{
	(void)state;
	char folder[] = "/tmp/loiter-test-XXXXXX";
	char path[64];
	struct ltr_process *process;
	struct ltr_why why;
	int ready[2];
	char byte;

	if (geteuid() != 0) {
		print_message("skipped: a root of its own needs root\n");
		skip();
	}
	/* In there: inside/file, a link to /inside, and one that outside of it leads to /etc. */
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(mkdir("inside", 0700), 0);
	int fd = open("inside/file", O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(symlink("/inside", "in"), 0);
	assert_int_equal(symlink("/etc", "out"), 0);
	assert_int_equal(symlink("inside/file", "last"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (chroot(folder) != 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), 0);
	const struct {
		const char *path;
		int err; /* 0: it opens */
	} cases[] = {
		{"/inside/file", 0},      {"inside/file", 0},
		{"/in/file", 0},          {"/../../inside/file", 0},
		{"/out/passwd", -ENOENT}, {"/out/../etc/passwd", -ENOENT},
		{"/last", -ELOOP},        {"/inside", -ENOEXEC},
		{"/fifo", -ENOEXEC},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fd = ltr_process_open_path(process, cases[i].path);
		assert_int_equal(fd < 0 ? fd : 0, cases[i].err);
		if (fd >= 0)
			close(fd);
	}
	ltr_process_close(process);
	end(pid);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(chdir("/"), 0);
	const char *left[] = {"inside/file", "in", "out", "last", "fifo"};
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, left[i]);
		assert_int_equal(unlink(path), 0);
	}
	snprintf(path, sizeof(path), "%s/inside", folder);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* Nothing is written to a process that has ended: its number may be somebody else's by now. */
static void test_the_dead_are_not_written_to(void **state)
{
	(void)state;
	struct ltr_process *process;
	struct ltr_why why;
	static uint32_t word = 1;
	const uint32_t other = 2;
	uint32_t got;
	pid_t pid = start_sleeper();

	assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), 0);
	uint64_t address = (uint64_t)(uintptr_t)&word;
	assert_int_equal(ltr_process_write(process, address, &other, sizeof(other)), 0);
	assert_int_equal(ltr_process_read(process, address, &got, sizeof(got)), 0);
	assert_int_equal(got, 2);
	end(pid);
	assert_int_equal(ltr_process_write(process, address, &other, sizeof(other)), -ESRCH);
	ltr_process_close(process);
}

static void test_death_is_noticed(void **state)
{
	(void)state;
	struct ltr_process *process;
	struct ltr_why why;
	char byte;
	pid_t pid = start_sleeper();

	assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), 0);
	assert_true(ltr_process_is_alive(process));
	assert_int_equal(ltr_process_pid(process), pid);
	end(pid);
	assert_false(ltr_process_is_alive(process));
	assert_int_equal(ltr_process_read(process, (uint64_t)(uintptr_t)&byte, &byte, 1), -ESRCH);
	struct ltr_process_piece piece = {(uint64_t)(uintptr_t)&byte, &byte, 1, 0};
	assert_int_equal(ltr_process_read_many(process, &piece, 1), -ESRCH);
	struct ltr_process_maps maps;
	int err = ltr_process_maps(process, &maps);
	assert_true(err == -ESRCH || err == -ENOENT);
	assert_null(ltr_process_close(process));
	assert_null(ltr_process_close(NULL));
}

/* Pieces of every size, some of them not there, in every order: the right bytes come back. */
static void test_read_many(void **state)
{
	(void)state;
	enum { PIECES = 5000, PAGES = 64 };
	struct chance chance = {chance_seed()};
	struct ltr_process *process;
	struct ltr_why why;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *memory = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	unsigned char *copy = malloc(PAGES * page);
	assert_true(memory != MAP_FAILED);
	assert_non_null(copy);
	for (size_t i = 0; i < PAGES * page; i++)
		memory[i] = (unsigned char)chance_next(&chance);
	memcpy(copy, memory, PAGES * page);
	bool there[PAGES];
	for (size_t i = 0; i < PAGES; i++) {
		there[i] = chance_below(&chance, 4) != 0;
		/* Not unmapped: the allocations below might land in the hole. */
		if (!there[i])
			assert_int_equal(mprotect(memory + i * page, page, PROT_NONE), 0);
	}

	struct ltr_process_piece *pieces = calloc(PIECES, sizeof(*pieces));
	size_t *offsets = calloc(PIECES, sizeof(*offsets));
	unsigned char *buffer = calloc(PIECES, 1024);
	size_t at = 0;
	size_t used = 0;
	for (size_t i = 0; i < PIECES; i++) {
		size_t bytes = chance_below(&chance, 1024);
		/* Often the neighbour of the one before. */
		if (chance_below(&chance, 2) || at + bytes > PAGES * page)
			at = chance_below(&chance, (uint32_t)(PAGES * page - bytes));
		offsets[i] = at;
		pieces[i] =
			(struct ltr_process_piece){.address = (uint64_t)(uintptr_t)(memory + at),
						   .buffer = buffer + used,
						   .bytes = bytes};
		used += bytes;
		at += bytes;
	}
	assert_int_equal(ltr_process_open((uint32_t)getpid(), &process, &why), 0);
	assert_int_equal(ltr_process_read_many(process, pieces, PIECES), 0);
	for (size_t i = 0; i < PIECES; i++) {
		size_t good = 0;
		while (good < pieces[i].bytes && there[(offsets[i] + good) / page])
			good++;
		assert_int_equal(pieces[i].done, good);
		assert_memory_equal(pieces[i].buffer, copy + offsets[i], good);
	}
	ltr_process_close(process);
	munmap(memory, PAGES * page);
	free(pieces);
	free(offsets);
	free(buffer);
	free(copy);
}

/*
 * Addresses that a hostile program names: one whose end is beyond all addresses, one that goes on
 * at 0. Nothing of it is there, and what is there, before, between and behind, is read.
 */
static void test_addresses_at_the_end(void **state)
{
	(void)state;
	static unsigned char there[3] = {7, 8, 9};
	unsigned char buffer[5][64] = {0};
	struct ltr_process_piece pieces[] = {
		{(uint64_t)(uintptr_t)&there[0], buffer[0], 1, 99},
		{UINT64_MAX - 63, buffer[1], 64, 99}, /* ends where addresses end */
		{0, buffer[2], 64, 99},               /* and this follows it in arithmetic */
		{(uint64_t)(uintptr_t)&there[1], buffer[3], 2, 99},
		{UINT64_MAX - 7, buffer[4], 64, 99},
	};
	struct ltr_process *process;
	struct ltr_why why;

	assert_int_equal(ltr_process_open((uint32_t)getpid(), &process, &why), 0);
	assert_int_equal(ltr_process_read_many(process, pieces, 5), 0);
	assert_int_equal(pieces[0].done, 1);
	assert_int_equal(pieces[1].done, 0);
	assert_int_equal(pieces[2].done, 0);
	assert_int_equal(pieces[3].done, 2);
	assert_int_equal(pieces[4].done, 0);
	assert_int_equal(buffer[0][0], 7);
	assert_memory_equal(buffer[3], &there[1], 2);
	assert_int_equal(ltr_process_read(process, UINT64_MAX - 7, buffer, 64), -EFAULT);
	ltr_process_close(process);
}

static void test_maps_and_command(void **state)
{
	(void)state;
	struct ltr_process *process;
	struct ltr_process_maps maps;
	struct ltr_why why;
	char command[256];
	uint64_t here = (uint64_t)(uintptr_t)test_maps_and_command;
	bool found = false;

	assert_int_equal(ltr_process_open((uint32_t)getpid(), &process, &why), 0);
	assert_int_equal(ltr_process_maps(process, &maps), 0);
	for (size_t i = 0; i < maps.count; i++)
		if (here >= maps.map[i].start && here < maps.map[i].end) {
			found = true;
			assert_true(maps.map[i].executable);
			assert_non_null(strstr(maps.map[i].path, "test_probe_process"));
		}
	assert_true(found);
	ltr_process_maps_done(&maps);
	ltr_process_command(process, command, sizeof(command));
	assert_non_null(strstr(command, "test_probe_process"));
	ltr_process_command(process, command, 5);
	assert_true(strlen(command) <= 4);
	ltr_process_close(process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockets_have_addresses),
		cmocka_unit_test(test_abstract_names),
		cmocka_unit_test(test_no_such_process),
		cmocka_unit_test(test_zombie),
		cmocka_unit_test(test_thread),
		cmocka_unit_test(test_kernel_thread),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_links_stay_below_the_root),
		cmocka_unit_test(test_the_dead_are_not_written_to),
		cmocka_unit_test(test_death_is_noticed),
		cmocka_unit_test(test_read_many),
		cmocka_unit_test(test_maps_and_command),
		cmocka_unit_test(test_addresses_at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
