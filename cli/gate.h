/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_GATE_H
#define LOITER_CLI_GATE_H

/*
 * loiter's end of the gate (runtime/include/loiter/gate.h): programs that were started with
 * LTR_GATE in their environment come in as visitors, wait here before their first goroutine, and
 * again when their main goroutine has returned.
 *
 * A visitor is who the kernel says it is (SO_PEERCRED, and SCM_CREDENTIALS for each message), not
 * who it says itself; processes of other users are turned away. The socket lies in a directory that
 * only this user can enter; both are removed by ltr__gate_free().
 *
 * A visitor that is never answered waits for ever: whoever takes events out of the gate answers.
 */

#include <stdbool.h>
#include <stdint.h>

#include <probe/probe.h>

struct ltr__gate;

struct ltr__visitor {
	uint32_t pid; /* in our process namespace */
	void *owner;  /* for whoever uses the gate; NULL at HELLO */
};

enum ltr__gate_what {
	LTR__GATE_HELLO = 1,     /* answer with ltr__visitor_go(); value: see gate.h */
	LTR__GATE_MAIN_RETURNED, /* answer with ltr__visitor_release(); value: see gate.h */
	LTR__GATE_DEADLOCK,      /* the same */
	LTR__GATE_LEFT,     /* has ended or closed; value: 1 if the process is still alive (exec) */
	LTR__GATE_FORKED,   /* its child without an exec spoke; it was sent on its way */
	LTR__GATE_STRANGER, /* speaks version `value` of the gate; it was sent on its way and left */
};

struct ltr__gate_event {
	enum ltr__gate_what what;
	struct ltr__visitor *visitor; /* after LEFT and STRANGER good until the next call */
	uint64_t value;
};

/* -errno and a sentence if neither $XDG_RUNTIME_DIR nor /tmp can have the socket. */
int ltr__gate_new(struct ltr__gate **ret_gate, struct ltr_why *ret_why);

/* Visitors that are still there are let go. Takes NULL, returns NULL. */
struct ltr__gate *ltr__gate_free(struct ltr__gate *gate);

/* For LTR_GATE. */
const char *ltr__gate_path(const struct ltr__gate *gate);

/* Readable when there are events. */
int ltr__gate_fd(const struct ltr__gate *gate);

/* The next event: 1, 0 if there is none, -errno. Does not block, except for the few milliseconds in
 * which a visitor that has closed its socket may turn out to be ending. */
int ltr__gate_next(struct ltr__gate *gate, struct ltr__gate_event *ret_event);

/* Answers. A visitor that cannot take them is about to leave: LEFT follows. */
void ltr__visitor_go(struct ltr__visitor *visitor);
void ltr__visitor_release(struct ltr__visitor *visitor);

#endif
