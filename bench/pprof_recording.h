/* SPDX-License-Identifier: MIT */
#ifndef LOITER_BENCH_PPROF_RECORDING_H
#define LOITER_BENCH_PPROF_RECORDING_H

/*
 * A recording of so many records, made up and written to a file in the present folder, and what is made
 * of it: the profile `wait`, `mutex`, and a timeline. One row each; the file is gone in the end.
 */

#include <stdbool.h>
#include <stdint.h>

struct ltr_census;

/* Each is a process of its own. Returns false if one of them failed. `symbolize` gives a census the
 * symbols of the program that addresses from `text_start` on are in. */
bool bench_recording(uint64_t records, void (*symbolize)(struct ltr_census *census),
		     uint64_t text_start);

#endif
