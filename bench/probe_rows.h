/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PROBE_ROWS_H
#define BENCH_PROBE_ROWS_H

/* The rows of bench/probe: their names, units and marks, what was measured, and the table of it. */

#include <stdbool.h>
#include <stdio.h>

#define ROUNDS_MAX 51

/* X(NAME, "printed", "unit", must, better when larger): `must` is 0 where there is nothing to
 * reach. */
#define ROWS(X)                                                                    \
	X(PLAIN, "ping-pong, nobody attached", "ns/trip", 0, false)                \
	X(BARE, "ping-pong, probes compiled out", "ns/trip", 0, false)             \
	X(PER_TRIP, "events a round trip", "", 0, false)                           \
	X(UNWATCHED, "nobody attached, a transition", "ns", 1, false)              \
	X(EBPF_TRIP, "ping-pong, eBPF", "ns/trip", 0, false)                       \
	X(EBPF_RATIO, "eBPF: ping-pong, times unwatched", "x", 2, false)           \
	X(EBPF_PRODUCER, "eBPF: an event, producer", "ns", 15, false)              \
	X(EBPF_ALL, "eBPF: an event, with copy and census", "ns", 60, false)       \
	X(EBPF_LOST, "eBPF: ... records lost", "%", 0, false)                      \
	X(EBPF_STACKS, "eBPF: ping-pong with stacks, times", "x", 0, false)        \
	X(EBPF_RATE, "eBPF: sustained without loss", "M events/s", 5, true)        \
	X(SHM_RATIO, "shm: ping-pong, times unwatched", "x", 2, false)             \
	X(SHM_PRODUCER, "shm: an event, producer", "ns", 15, false)                \
	X(SHM_ALL, "shm: an event, with census", "ns", 60, false)                  \
	X(SHM_LOST, "shm: ... records lost", "%", 0, false)                        \
	X(SHM_RATE, "shm: sustained without loss", "M events/s", 5, true)          \
	X(OPEN_EBPF, "eBPF: attach, census of 100 k", "ms", 50, false)             \
	X(OPEN_SHM, "shm: attach, census of 100 k", "ms", 50, false)               \
	X(OPEN_MONITOR, "... of that the program's, CPU time", "ms", 0, false)     \
	X(LARGE_SHM, "shm: attach, census of many (GOROUTINES)", "ms", 500, false) \
	X(LARGE_BYTES, "... its memory, each", "bytes", 200, false)                \
	X(LARGE, "... by a snapshot alone", "ms", 500, false)                      \
	X(FRESH_EBPF, "eBPF: known after, median of 50", "ms", 0, false)           \
	X(FRESH_EBPF_MOST, "eBPF: known after, longest of 50", "ms", 10, false)    \
	X(FRESH_SHM, "shm: known after, median of 50", "ms", 0, false)             \
	X(FRESH_SHM_MOST, "shm: known after, longest of 50", "ms", 10, false)      \
	X(HTTPD, "httpd under wrk, nobody attached", "requests/s", 0, true)        \
	X(HTTPD_EBPF, "eBPF: httpd, share of that", "x", 0.95, true)               \
	X(HTTPD_STACKS, "eBPF with stacks: httpd, share", "x", 0.95, true)         \
	X(HTTPD_SHM, "shm: httpd, share of that", "x", 0.95, true)                 \
	X(RECORD_EBPF, "eBPF: httpd with loiter record, share", "x", 0.95, true)   \
	X(RECORD_EBPF_BYTES, "... bytes in the file, an event", "bytes", 0, false) \
	X(RECORD_EBPF_LOST, "... records lost", "%", 0, false)                     \
	X(RECORD_SHM, "shm: httpd with loiter record, share", "x", 0.95, true)     \
	X(RECORD_SHM_BYTES, "... bytes in the file, an event", "bytes", 0, false)  \
	X(RECORD_SHM_LOST, "... records lost", "%", 0, false)                      \
	X(CHECK, "httpd under loiter check, share", "x", 0.95, true)               \
	X(CHECK_EVERY, "... with --every 1s", "x", 0.95, true)                     \
	X(CPU_RATIO, "CPU sampled 99 Hz: CPU time, times", "x", 0, false)          \
	X(CPU_MOST_RATIO, "CPU sampled 5000 Hz: CPU time, times", "x", 0, false)   \
	X(CPU_SAMPLE, "... a sample, of the program's", "us", 0, false)            \
	X(CPU_READER, "... a sample, of loiter's", "us", 0, false)                 \
	X(LOOKED_AT, "looked at 100 times/s: CPU time, times", "x", 0, false)      \
	X(LOOK_EBPF, "a look at 64 threads, eBPF: of loiter's", "us", 0, false)    \
	X(LOOK_PROC, "... from /proc", "us", 0, false)                             \
	X(TRAP_TRIP, "one uprobe an event, counting only", "ns/trip", 0, false)    \
	X(TRAP_RATIO, "... times unwatched", "x", 0, false)                        \
	X(GO_PLAIN, "Go: ping-pong", "ns/trip", 0, false)                          \
	X(GO_TRACED, "Go: ping-pong, execution tracer", "ns/trip", 0, false)       \
	X(GO_BYTES, "Go: its trace", "bytes/trip", 0, false)                       \
	X(GO_RATIO, "Go: traced, times unwatched", "x", 0, false)                  \
	X(AGAINST_GO, "ours with eBPF, of Go's unwatched", "x", 0.5, false)

enum row {
#define ROW(NAME, printed, unit, must, larger) ROW_##NAME,
	ROWS(ROW)
#undef ROW
		ROW_COUNT
};

/* NAN where it was not measured. */
extern double rows_values[ROW_COUNT][ROUNDS_MAX];

/* Of two doubles, for qsort(). */
int rows_by_size(const void *a, const void *b);

/* Prints the table, and as JSON into `json` if that is not NULL; `all`: also which rows were not
 * measured. Sorts the values. */
void rows_report(int rounds, long goroutines, bool all, FILE *json);

#endif
