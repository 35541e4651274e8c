/* SPDX-License-Identifier: MIT */

/* See userfault.h. */

#include "userfault.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 6.8 and 6.1; the headers may be older. */
#ifndef UFFD_FEATURE_MOVE
#define UFFD_FEATURE_MOVE (1u << 16)
struct uffdio_move {
	uint64_t dst;
	uint64_t src;
	uint64_t len;
	uint64_t mode;
	int64_t move;
};
#define UFFDIO_MOVE                      _IOWR(UFFDIO, 0x05, struct uffdio_move)
#define UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES ((uint64_t)1 << 1)
#endif
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif

#define MOVE_TRIES 100

static int open_any(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	int device, r;

	if (fd >= 0)
		return fd;
	r = -errno;
	device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	if (device < 0)
		return r;
	fd = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		fd = -errno;
	close(device);
	return fd;
}

int ltr__userfault_open(void)
{
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_MOVE};
	int fd = open_any();

	if (fd < 0)
		return fd;
	if (ioctl(fd, UFFDIO_API, &api) != 0) {
		close(fd);
		return -ENOSYS; /* EINVAL: it does not know the feature */
	}
	return fd;
}

int ltr__userfault_register(int fd, void *start, size_t bytes)
{
	struct uffdio_register range = {
		.range = {(uintptr_t)start, bytes},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	return ioctl(fd, UFFDIO_REGISTER, &range) == 0 ? 0 : -errno;
}

int64_t ltr__userfault_move(int fd, void *to, void *from, size_t bytes)
{
	size_t done = 0;

	for (int i = 0; i < MOVE_TRIES; i++) {
		struct uffdio_move move = {
			.dst = (uintptr_t)to + done,
			.src = (uintptr_t)from + done,
			.len = bytes - done,
			.mode = UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES,
		};

		if (ioctl(fd, UFFDIO_MOVE, &move) == 0)
			return (int64_t)bytes;
		if (errno != EAGAIN)
			return done ? (int64_t)done : -errno;
		if (move.move > 0) /* a part */
			done += (size_t)move.move;
	}
	return done ? (int64_t)done : -EAGAIN;
}

int ltr__userfault_fill(int fd, void *page, const void *from)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page,
		.src = (uintptr_t)from,
		.len = LTR__PAGE_BYTES,
	};
	struct uffdio_range range = {(uintptr_t)page, LTR__PAGE_BYTES};

	while (ioctl(fd, UFFDIO_COPY, &copy) != 0) {
		if (errno == EAGAIN)
			continue;
		if (errno != EEXIST)
			return -errno;
		/* An older fault on a page that was filled meanwhile. */
		return ioctl(fd, UFFDIO_WAKE, &range) == 0 ? 0 : -errno;
	}
	return 0;
}

size_t ltr__userfault_read(int fd, struct ltr__fault *ret_faults, size_t count)
{
	struct uffd_msg messages[16];
	ssize_t n;
	size_t faults = 0;

	if (count > sizeof(messages) / sizeof(messages[0]))
		count = sizeof(messages) / sizeof(messages[0]);
	n = read(fd, messages, count * sizeof(messages[0]));
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(messages[0]); i++)
		if (messages[i].event == UFFD_EVENT_PAGEFAULT)
			ret_faults[faults++].page =
				(char *)(uintptr_t)(messages[i].arg.pagefault.address &
						    ~(uint64_t)(LTR__PAGE_BYTES - 1));
	return faults;
}
