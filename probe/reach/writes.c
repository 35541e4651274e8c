/* SPDX-License-Identifier: MIT */
/*
 * Which pages a process has written to since we asked the kernel to note that: userfaultfd(2) in its
 * asynchronous way, where nobody has to answer, and the ioctl PAGEMAP_SCAN (both Linux 6.7). All pages are
 * protected once; a write takes the protection away, which costs the process a fault.
 *
 * A page is called untouched only if it lies in memory that we have registered, and that still is
 * (WPALLOWED), and its protection is still there. Memory that was moved, mapped anew or grown has lost
 * either. What is written to pages that were pinned before would not be noted: pinned.c.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "writes.h"

/* Linux 6.7; the headers may be older. */
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1u << 15)
#endif
#ifndef PAGEMAP_SCAN
struct page_region {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
};
struct pm_scan_arg {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end;
	uint64_t vec;
	uint64_t vec_len;
	uint64_t max_pages;
	uint64_t category_inverted;
	uint64_t category_mask;
	uint64_t category_anyof_mask;
	uint64_t return_mask;
};
#define PAGE_IS_WPALLOWED   (1u << 0)
#define PAGE_IS_WRITTEN     (1u << 1)
#define PAGE_IS_PRESENT     (1u << 3)
#define PAGE_IS_SWAPPED     (1u << 4)
#define PM_SCAN_WP_MATCHING (1u << 0)
#define PAGEMAP_SCAN        _IOWR('f', 16, struct pm_scan_arg)
#endif

#define LEAST_BYTES ((uint64_t)256 << 10) /* less is not worth a mapping of its own */
#define AREAS_MAX   4096u
#define AT_ONCE     ((uint64_t)64 << 20) /* memory is locked for so much when we leave */
#define RANGES      512u

struct ltr__writes {
	int fd;
	int pagemap;
	struct uffdio_range *ranges; /* registered */
	size_t count;
};

/* By a descriptor of our own memory: nobody is bothered where it is of no use. */
static bool kernel_knows(void)
{
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | LTR__UFFD_USER_MODE);
	bool knows = fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0;

	if (fd >= 0)
		close(fd);
	return knows;
}

int ltr__writes_new(const struct ltr_process *process, const uint64_t words[2],
		    struct ltr__writes **ret_writes)
{
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC};
	struct ltr__writes *writes = calloc(1, sizeof(*writes));
	int error = 0;

	if (!writes)
		return -ENOMEM;
	writes->fd = -1;
	writes->ranges = calloc(AREAS_MAX, sizeof(*writes->ranges));
	writes->pagemap = ltr__pagemap_open(process);
	if (!writes->ranges || writes->pagemap < 0)
		error = writes->ranges ? -EACCES : -ENOMEM;
	if (!error && !kernel_knows())
		error = -EOPNOTSUPP;
	/* Before a thread of it is bothered for what would be given up later. */
	if (!error && ltr__may_have_pinned(process))
		error = -EBUSY;
	if (!error)
		writes->fd = ltr__borrow_userfault(process, words);
	if (!error && writes->fd < 0)
		error = writes->fd;
	if (!error && ioctl(writes->fd, UFFDIO_API, &api) != 0)
		error = -EOPNOTSUPP; /* it does not know the feature */
	if (error) {
		ltr__writes_free(writes);
		return error;
	}
	*ret_writes = writes;
	return 0;
}

struct ltr__writes *ltr__writes_free(struct ltr__writes *writes)
{
	if (!writes)
		return NULL;
	for (size_t i = 0; i < writes->count; i++) {
		const struct uffdio_range *range = &writes->ranges[i];

		for (uint64_t done = 0; done < range->len; done += AT_ONCE) {
			struct uffdio_range part = {range->start + done, range->len - done};

			part.len = part.len < AT_ONCE ? part.len : AT_ONCE;
			ioctl(writes->fd, UFFDIO_UNREGISTER, &part);
		}
	}
	if (writes->fd >= 0)
		close(writes->fd);
	if (writes->pagemap >= 0)
		close(writes->pagemap);
	free(writes->ranges);
	free(writes);
	return NULL;
}

static bool protect(const struct ltr__writes *writes, uint64_t start, uint64_t end)
{
	while (start < end) {
		struct pm_scan_arg scan = {
			.size = sizeof(scan),
			.flags = PM_SCAN_WP_MATCHING,
			.start = start,
			.end = end,
			.category_mask = PAGE_IS_WRITTEN,
			.category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
		};

		if (ioctl(writes->pagemap, PAGEMAP_SCAN, &scan) < 0 || scan.walk_end <= start)
			return false;
		start = scan.walk_end;
	}
	return true;
}

bool ltr__writes_watch(struct ltr__writes *writes, uint64_t start, uint64_t end)
{
	struct uffdio_register range = {
		.range = {start, end - start},
		.mode = UFFDIO_REGISTER_MODE_WP,
	};

	if (end - start < LEAST_BYTES || writes->count == AREAS_MAX ||
	    ioctl(writes->fd, UFFDIO_REGISTER, &range) != 0)
		return false;
	writes->ranges[writes->count++] = range.range;
	return protect(writes, start, end);
}

static int tell(const struct page_region *regions, size_t count,
		int (*each)(void *context, uint64_t from, uint64_t to), void *context)
{
	int error = 0;

	for (size_t i = 0; i < count && !error; i++)
		if (!(regions[i].categories & PAGE_IS_WPALLOWED) ||
		    regions[i].categories & PAGE_IS_WRITTEN)
			error = each(context, regions[i].start, regions[i].end);
	return error;
}

int ltr__writes_each(const struct ltr__writes *writes, uint64_t start, uint64_t end,
		     int (*each)(void *context, uint64_t from, uint64_t to), void *context)
{
	struct page_region regions[RANGES];
	int error = 0;

	while (start < end && !error) {
		struct pm_scan_arg scan = {
			.size = sizeof(scan),
			.start = start,
			.end = end,
			.vec = (uintptr_t)regions,
			.vec_len = RANGES,
			.category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
			.return_mask = PAGE_IS_WPALLOWED | PAGE_IS_WRITTEN,
		};
		int count = ioctl(writes->pagemap, PAGEMAP_SCAN, &scan);

		if (count < 0 || scan.walk_end <= start)
			return -EIO;
		error = tell(regions, (size_t)count, each, context);
		start = scan.walk_end;
	}
	return error;
}
