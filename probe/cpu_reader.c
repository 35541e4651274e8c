// SPDX-License-Identifier: MIT
/* What a sample of a CPU says (events.h), made of the record that the kernel side hands over. */

#include <errno.h>

#include "bpf/sample.h"
#include "events.h"

int ltr__cpu_sample_take(const void *data, size_t size, const struct ltr_cpu_sink *sink)
{
	const struct ltr_cpu_sample *sample = data;

	if (size < sizeof(*sample) || sample->depth > LTR_SAMPLE_FRAMES)
		return -EBADMSG;
	return sink->sample(sink->context, sample->time_ns, sample->goroutine, sample->in_call != 0,
			    sample->pcs, sample->depth);
}
