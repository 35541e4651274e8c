/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_KNOTS_PRIVATE_H
#define LOITER_TUI_KNOTS_PRIVATE_H

/*
 * The making of the rows of a wait-for graph, between what is counted and what stands where
 * (knots.c), the edges and cycles (knots_graph.c) and the rows (knots_rows.c). Nodes are objects:
 * an edge leads from a lock to the object that its holder waits on, so whoever waits on the first
 * waits behind those who wait on the second.
 */

#include "knots.h"

#define LTR__KNOTS_NOBODY UINT32_MAX
#define LTR__KNOTS_ITEMS  256 /* trees that are laid out */

/* Somebody holds an object, and waits on another one, or does not. */
struct ltr__edge {
	uint32_t from;
	uint32_t to; /* LTR__KNOTS_NOBODY: its holder waits on nothing that is shown here */
	uint64_t holder;
	bool is_reading;
};

/* What stands at the left edge: a cycle, a goroutine that keeps others waiting, or an object. */
struct ltr__knots_item {
	uint64_t weight;
	uint64_t holder; /* not 0: that goroutine */
	uint32_t object; /* else this one; of a cycle, one of it */
	uint32_t cycle;  /* not 0 */
	bool is_wanted;  /* somebody asked for this one: it comes first */
};

struct ltr__plan {
	struct ltr__knots *graph;
	const struct ltr__moment *moment;
	struct ltr__edge *edges; /* in order of `from` */
	uint32_t edge_count;
	uint32_t *by_holder; /* edges in order of their holders, and of `to` */
	uint32_t *by_to;
	uint32_t *first;  /* by object: its first edge, plus 1; 0: nobody holds it */
	uint32_t *cycle;  /* by object: number of the cycle that it is in; 0: none */
	uint32_t *next;   /* by object of a cycle: the edge that leads on */
	uint64_t *weight; /* by object: who waits on it and behind */
	bool *is_shown;   /* by object */
	uint32_t *order;  /* objects with edges, each before those that it leads to */
	uint32_t order_count;
	uint32_t cycles;
	struct ltr__knots_item items[LTR__KNOTS_ITEMS];
	size_t item_count;
	uint64_t left_out;
	struct ltr__knots_item
		wanted; /* where somebody stands who was asked for; all zero: nobody was */
	struct ltr__knots_row *rows;
	size_t row_count;
};

/* The object that a goroutine (NULL: nobody) waits on; NOBODY: none that is shown here. */
uint32_t ltr__knots_find_object(const struct ltr__knots *graph,
				const struct ltr_goroutine *goroutine);

/*
 * Of plan->graph at plan->moment: edges in their orders. -ENOMEM. `_done` takes what is half made.
 */
int ltr__plan_init(struct ltr__plan *plan);
void ltr__plan_done(struct ltr__plan *plan);
/* Fills cycle, next, order and cycles. -ENOMEM. */
int ltr__plan_find_cycles(struct ltr__plan *plan);
/* Who waits behind whom: of objects in `order`, without those that wait in a circle. */
void ltr__plan_weigh(struct ltr__plan *plan);

/* Rows of the items. */
void ltr__plan_show(struct ltr__plan *plan);

#endif
