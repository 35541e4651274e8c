/* SPDX-License-Identifier: MIT */

#include "check_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <json-c/json.h>

#include <pprof/json.h>

#include "../wait_count.h"
#include "fixture.h"

static void check_json_goroutine(const struct ltr_census *census, json_object *goroutine,
				 json_object *stacks)
{
	uint64_t id = json_object_get_uint64(json_object_object_get(goroutine, "id"));
	const struct ltr_goroutine *want = ltr_census_find(census, id);
	const char *state = json_object_get_string(json_object_object_get(goroutine, "state"));
	json_object *stack;

	assert_non_null(want);
	assert_string_equal(state, ltr_state_name(want->state));
	if (json_object_object_get_ex(goroutine, "stack", &stack)) {
		char key[16];
		size_t depth;

		assert_int_equal(json_object_get_int(stack), want->stack);
		snprintf(key, sizeof(key), "%u", want->stack);
		ltr_census_stack(census, want->stack, &depth);
		assert_int_equal(json_object_array_length(json_object_object_get(stacks, key)),
				 depth);
	} else {
		assert_int_equal(want->stack, 0);
	}
}

static uint64_t number_of(json_object *object, const char *key)
{
	return json_object_get_uint64(json_object_object_get(object, key));
}

static uint64_t sum_of(json_object *array, const char *key)
{
	uint64_t sum = 0;

	for (size_t i = 0; array && i < json_object_array_length(array); i++)
		sum += number_of(json_object_array_get_idx(array, i), key);
	return sum;
}

/* Histograms have what has ended of the waits; contentions, what of them is for locks. */
static void check_json_totals(const struct ltr_census *census, json_object *document)
{
	json_object *waits = json_object_object_get(document, "waits");
	json_object *histograms = json_object_object_get(document, "histograms");
	json_object *contentions = json_object_object_get(document, "contentions");
	uint64_t locks_ns = 0, locks = 0;

	for (size_t i = 0; i < wait_count_of(census); i++) {
		const struct ltr_wait_total *total = ltr_census_wait(census, i);

		if (ltr_census_is_lock_wait(total->reason)) {
			locks_ns += total->total_ns;
			locks += total->count;
		}
	}
	assert_int_equal(sum_of(contentions, "total_ns"), locks_ns);
	assert_int_equal(sum_of(contentions, "count"), locks);
	assert_int_equal(sum_of(histograms, "count"),
			 sum_of(waits, "count") - sum_of(waits, "unfinished"));
	for (size_t i = 0; histograms && i < json_object_array_length(histograms); i++) {
		json_object *histogram = json_object_array_get_idx(histograms, i);
		json_object *buckets = json_object_object_get(histogram, "buckets");
		uint64_t least = 0, most = 0;

		assert_int_equal(sum_of(buckets, "count"), number_of(histogram, "count"));
		for (size_t k = 0; k < json_object_array_length(buckets); k++) {
			json_object *bucket = json_object_array_get_idx(buckets, k);
			uint64_t up_to_ns = number_of(bucket, "up_to_ns");
			uint64_t count = number_of(bucket, "count");

			assert_true(up_to_ns > 0 && count > 0);
			least += count * (up_to_ns > 64 ? up_to_ns / 2 : 0);
			most += count * up_to_ns;
		}
		assert_true(number_of(histogram, "total_ns") >= least);
		assert_true(number_of(histogram, "total_ns") <= most);
	}
}

void check_json(const struct ltr_census *census)
{
	struct memory memory = {0};
	json_tokener *tokener = json_tokener_new();
	json_object *document;
	json_object *goroutines;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	assert_int_equal(ltr_json_write(census, memory_sink(&memory)), 0);
	document = json_tokener_parse_ex(tokener, memory.data, (int)memory.bytes);
	assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
	goroutines = json_object_object_get(document, "goroutines");
	assert_int_equal(json_object_array_length(goroutines), ltr_census_count(census));
	for (size_t i = 0; i < json_object_array_length(goroutines); i++)
		check_json_goroutine(census, json_object_array_get_idx(goroutines, i),
				     json_object_object_get(document, "stacks"));
	check_json_totals(census, document);
	json_object_put(document);
	json_tokener_free(tokener);
	memory_done(&memory);
}
