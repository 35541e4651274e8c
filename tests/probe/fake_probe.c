// SPDX-License-Identifier: MIT
#include "fake_probe.h"

#include "testing.h"

const uint64_t fake_pcs[FAKE_PCS] = {0x1111, 0x2222, 0x3333, 0x4444, 0x5555};
const struct ltr_site fake_site = {"made/up.c", "maker", 42};
const char fake_name[] = "a name";
const struct ltr_labels fake_labels = {.count = 2, .label = {{"team", "blue"}, {"area", "51"}}};

struct ltr_probe *fake_open(pid_t pid, enum ltr_via via, bool waits)
{
	struct ltr_probe_options options = {.via = via, .waits = waits};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	int err = ltr_probe_open((uint32_t)pid, &options, &probe, &why);
	if (err)
		print_message("%s\n", why.text);
	assert_int_equal(err, 0);
	return probe;
}

void fake_refused(pid_t pid, int error, const char *sentence)
{
	struct ltr_probe_options options = {.via = LTR_VIA_SNAPSHOT};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	assert_int_equal(ltr_probe_open((uint32_t)pid, &options, &probe, &why), error);
	assert_null(probe);
	if (!strstr(why.text, sentence))
		fail_msg("\"%s\" does not say \"%s\"", why.text, sentence);
}
