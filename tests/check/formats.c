/* SPDX-License-Identifier: MIT */
/*
 * Reports for machines: each held against a golden file, and each read back: by json-c, and for
 * SARIF against what its schema requires. tests/cli/formats.sh has an XML parser read JUnit's.
 */
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "fixture.h"

static const struct ltr_judge_options options = {.grace_ns = SECOND};
static const struct ltr_report_options plain = {.strip = "/src/httpd"};

/* A process with findings of two grades, one that is clean, and one that could not be judged. */
static struct ltr_judgement *mixed(void)
{
	struct ltr_judgement *judgement = NULL;
	struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED, "./httpd --leak <&\"'>");

	assert_int_equal(ltr_judgement_new(&judgement), 0);
	census_add_replies(census, 7);
	census_add(census, &(struct people){.id = 200,
					    .state = LTR_STATE_RUNNING,
					    .entry = AT(F_WORKER, 0),
					    .created = AT(F_HOSTILE, 2)});
	ltr_census_info_mut(census)->lost = 17;
	assert_int_equal(ltr_judge_census(judgement, census, &options), 0);
	ltr_census_free(census);
	census = census_make(LTR_PHASE_MAIN_RETURNED, "./client");
	ltr_census_info_mut(census)->created = 3;
	assert_int_equal(ltr_judge_census(judgement, census, &options), 0);
	ltr_census_free(census);
	assert_int_equal(ltr_judge_inconclusive(judgement, 815, "make, test: 100%",
						"was killed by signal 9 (Killed)"),
			 0);
	return judgement;
}

static struct ltr_judgement *clean(void)
{
	struct ltr_judgement *judgement = NULL;
	struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED, "./httpd");

	assert_int_equal(ltr_judgement_new(&judgement), 0);
	assert_int_equal(ltr_judge_census(judgement, census, &options), 0);
	ltr_census_free(census);
	return judgement;
}

static void held(const char *format, const char *golden)
{
	struct ltr_judgement *judgement = mixed();
	char *text = report_in(format, judgement, &plain);

	assert_golden(golden, text);
	for (const char *c = text; *c; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	free(text);
	ltr_judgement_free(judgement);
}

static void json(void **state)
{
	(void)state;
	held("json", "mixed.json");
}

static void junit(void **state)
{
	(void)state;
	held("junit", "mixed.junit.xml");
}

static void sarif(void **state)
{
	(void)state;
	held("sarif", "mixed.sarif");
}

static void github(void **state)
{
	(void)state;
	held("github", "mixed.github");
}

static struct json_object *field(struct json_object *object, const char *key, json_type type)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, type))
		fail_msg("no %s of type %s in %s", key, json_type_to_name(type),
			 json_object_to_json_string(object));
	return value;
}

static struct json_object *element(struct json_object *array, size_t index)
{
	assert_true(index < json_object_array_length(array));
	return json_object_array_get_idx(array, index);
}

static struct json_object *parsed(const char *format, struct ltr_judgement *judgement,
				  const struct ltr_report_options *report)
{
	char *text = report_in(format, judgement, report);
	struct json_object *root = json_tokener_parse(text);

	if (!root)
		fail_msg("not JSON: %s", text);
	free(text);
	ltr_judgement_free(judgement);
	return root;
}

/* In `object` there is nothing but the keys of this list, blanks between them. */
static void only(struct json_object *object, const char *keys)
{
	json_object_object_foreach(object, key, value)
	{
		char word[64];

		(void)value;
		snprintf(word, sizeof(word), " %s ", key);
		if (!strstr(keys, word))
			fail_msg("SARIF has no %s beside%s", key, keys);
	}
}

static void sarif_location(struct json_object *location)
{
	struct json_object *physical;
	struct json_object *region;

	only(location, " physicalLocation logicalLocations ");
	if (!json_object_object_get_ex(location, "physicalLocation", &physical))
		return;
	only(physical, " artifactLocation region ");
	field(field(physical, "artifactLocation", json_type_object), "uri", json_type_string);
	region = field(physical, "region", json_type_object);
	assert_true(json_object_get_int(field(region, "startLine", json_type_int)) >= 1);
}

static void sarif_result(struct json_object *result, size_t rules)
{
	struct json_object *message = field(result, "message", json_type_object);
	struct json_object *locations = field(result, "locations", json_type_array);
	const char *level = json_object_get_string(field(result, "level", json_type_string));
	struct json_object *stacks;

	only(result, " ruleId ruleIndex level message locations occurrenceCount "
		     "partialFingerprints stacks suppressions ");
	assert_true(json_object_get_string_len(field(message, "text", json_type_string)) > 0);
	assert_true(strcmp(level, "error") == 0 || strcmp(level, "warning") == 0);
	assert_true((size_t)json_object_get_int(field(result, "ruleIndex", json_type_int)) < rules);
	for (size_t i = 0; i < json_object_array_length(locations); i++)
		sarif_location(element(locations, i));
	if (!json_object_object_get_ex(result, "stacks", &stacks))
		return;
	for (size_t i = 0; i < json_object_array_length(stacks); i++) {
		struct json_object *frames = field(element(stacks, i), "frames", json_type_array);

		for (size_t k = 0; k < json_object_array_length(frames); k++)
			sarif_location(field(element(frames, k), "location", json_type_object));
	}
}

/* What the schema of SARIF 2.1.0 requires, and nothing that it does not know. */
static void sarif_is_what_its_schema_wants(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct json_object *root = parsed("sarif", i ? mixed() : clean(), &plain);
		struct json_object *runs = field(root, "runs", json_type_array);
		struct json_object *run = element(runs, 0);
		struct json_object *tool = field(run, "tool", json_type_object);
		struct json_object *driver = field(tool, "driver", json_type_object);
		struct json_object *rules = field(driver, "rules", json_type_array);
		struct json_object *results = field(run, "results", json_type_array);

		only(root, " $schema version runs ");
		only(run, " tool results ");
		only(driver, " name rules ");
		assert_string_equal(
			json_object_get_string(field(root, "version", json_type_string)), "2.1.0");
		field(driver, "name", json_type_string);
		for (size_t k = 0; k < json_object_array_length(rules); k++)
			field(element(rules, k), "id", json_type_string);
		assert_int_equal(json_object_array_length(results), i ? 4 : 0);
		for (size_t k = 0; k < json_object_array_length(results); k++)
			sarif_result(element(results, k), json_object_array_length(rules));
		json_object_put(root);
	}
}

static void json_has_numbers_where_there_are_numbers(void **state)
{
	struct json_object *root = parsed("json", mixed(), &plain);
	struct json_object *finding = element(field(root, "findings", json_type_array), 0);

	(void)state;
	assert_int_equal(json_object_get_int(field(root, "version", json_type_int)), 1);
	assert_int_equal(json_object_get_int64(field(finding, "count", json_type_int)), 7);
	assert_int_equal(json_object_get_int64(field(finding, "youngest_ns", json_type_int)),
			 12 * SECOND / 10);
	assert_true(json_object_get_boolean(field(finding, "fails", json_type_boolean)));
	json_object_put(root);
}

/* A grade that does not fail the run is reported all the same, as what it is. */
static void what_does_not_fail_is_not_called_a_failure(void **state)
{
	const struct ltr_report_options only_deadlocks = {
		.fail_on = LTR_GRADE_BIT(LTR_GRADE_DEADLOCK)};
	struct ltr_judgement *judgement = mixed();
	struct json_object *root = parsed("json", mixed(), &only_deadlocks);
	struct json_object *finding = element(field(root, "findings", json_type_array), 0);
	char *text = report_in("junit", judgement, &only_deadlocks);

	(void)state;
	assert_false(json_object_get_boolean(field(finding, "fails", json_type_boolean)));
	assert_non_null(strstr(text, "failures=\"0\" errors=\"2\" skipped=\"2\""));
	free(text);
	text = report_in("github", judgement, &only_deadlocks);
	assert_ptr_equal(strstr(text, "::warning file="), text);
	assert_int_equal(ltr_judgement_status(judgement, only_deadlocks.fail_on, 5), 24);
	free(text);
	json_object_put(root);
	ltr_judgement_free(judgement);
}

static void clean_runs_have_a_case_that_passes(void **state)
{
	struct ltr_judgement *judgement = clean();
	char *text = report_in("junit", judgement, &plain);

	(void)state;
	assert_non_null(strstr(text, "tests=\"1\" failures=\"0\" errors=\"0\""));
	assert_null(strstr(text, "<failure"));
	free(text);
	text = report_in("github", judgement, &plain);
	assert_string_equal(text, "");
	free(text);
	ltr_judgement_free(judgement);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json),
		cmocka_unit_test(junit),
		cmocka_unit_test(sarif),
		cmocka_unit_test(github),
		cmocka_unit_test(sarif_is_what_its_schema_wants),
		cmocka_unit_test(json_has_numbers_where_there_are_numbers),
		cmocka_unit_test(what_does_not_fail_is_not_called_a_failure),
		cmocka_unit_test(clean_runs_have_a_case_that_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
