/* SPDX-License-Identifier: MIT */
#ifndef LOITER_H
#define LOITER_H

/*
 * libloiter: goroutines for C.
 *
 *	#include <loiter.h>
 *	#include <stdio.h>
 *
 *	LTR_CHAN(numbers, int);
 *	struct job { numbers_receiver in; numbers_sender out; };
 *
 *	static void square(struct job *job)
 *	{
 *		int n;
 *		while (ltr_recv(job->in, &n) == 0)
 *			ltr_send(job->out, n * n);
 *		ltr_close(job->out);
 *	}
 *
 *	static int run(int argc, char **argv)
 *	{
 *		numbers in = ltr_make(numbers, 0), out = ltr_make(numbers, 0);
 *		ltr_go(square, (struct job){in.receiver, out.sender});
 *		for (int i = 1, n; i <= 3; i++) {
 *			ltr_send(in, i);
 *			ltr_recv(out, &n);
 *			printf("%d\n", n);
 *		}
 *		ltr_close(in);
 *		return 0;
 *	}
 *
 *	int main(int argc, char **argv)
 *	{
 *		return ltr_run(run, argc, argv);
 *	}
 *
 * Rules that hold for every call:
 *  - Calls that may block take a deadline as their last argument, which may be left out: then they
 *    wait for as long as it takes. A deadline is a moment of ltr_now(), see <loiter/time.h>; in its
 *    place may stand a context, whose end ends the wait, see <loiter/context.h>.
 *  - Results are 0 or a negative errno value; what `ret_` names is untouched on failure, unless the
 *    call says otherwise. -ETIMEDOUT: the deadline came first. -ECANCELED: the context was
 *    cancelled first.
 *  - Misuse that Go answers with a panic (closing a closed channel, unlocking an unlocked mutex, a
 *    negative WaitGroup) ends the program with a message that names the goroutine, status 2.
 *  - Unless it says otherwise a call must be made by a goroutine, that is, somewhere below
 *    ltr_run(); elsewhere it ends the program with a message.
 *  - A goroutine may be on another thread after any call that blocks: do not hold thread-local
 *    addresses (errno's too), pthread locks or thread-bound handles across it.
 *  - A goroutine's stack is 64 KiB unless asked for otherwise, a guard page below it. What needs
 *    more, or may block the thread, belongs into ltr_blocking().
 */

#include <loiter/address.h>
#include <loiter/channel.h>
#include <loiter/cold.h>
#include <loiter/context.h>
#include <loiter/datagram.h>
#include <loiter/file.h>
#include <loiter/goroutine.h>
#include <loiter/group.h>
#include <loiter/net.h>
#include <loiter/scope.h>
#include <loiter/sync.h>
#include <loiter/time.h>
#include <loiter/timer.h>

#endif
