/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PROBE_FAKE_PROBE_H
#define TESTS_PROBE_FAKE_PROBE_H

/* Probes of the made-up program (fake_target.h), and what its goroutines may have. */

#include "fake_target.h"
#include "probe.h"

#define FAKE_PCS 5

extern const uint64_t fake_pcs[FAKE_PCS]; /* a stack */
extern const struct ltr_site fake_site;
extern const char fake_name[];
extern const struct ltr_labels fake_labels;

/* It must succeed; the probe is the caller's. */
struct ltr_probe *fake_open(pid_t pid, enum ltr_via via, bool waits);

/* To open it must fail with this error, and say that. */
void fake_refused(pid_t pid, int error, const char *sentence);

#endif
