/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TEST_PPROF_UNPACKED_H
#define LOITER_TEST_PPROF_UNPACKED_H

/* Profiles read back: gunzip, unpack, and by hand the little that the tests ask of them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <profile.pb-c.h>

typedef Perftools__Profiles__Profile Profile;
typedef Perftools__Profiles__Sample Sample;
typedef Perftools__Profiles__Location Location;
typedef Perftools__Profiles__Function Function;
typedef Perftools__Profiles__Label Label;

/* NULL if it is not one whole gzip'd profile. */
Profile *profile_unpack(const char *data, size_t bytes);
void profile_free(Profile *profile);

/*
 * What every profile keeps to: ids and strings that exist, ids that are there once, as many values
 * as types, a place for each sample, UTF-8, no string twice. Prints what is wrong.
 */
bool profile_is_valid(const Profile *profile);

/* No value is below 0: of every profile that is no delta. */
bool profile_is_positive(const Profile *profile);

const char *profile_string(const Profile *profile, int64_t string);
const Location *profile_location(const Profile *profile, uint64_t id);
const Function *profile_function(const Profile *profile, uint64_t id);

/* The function and line of a location, innermost first, as "serve:41"; "" if it has none. */
void profile_place(const Profile *profile, uint64_t location, size_t inlined, char out[256]);

/* All values of column `column`, added. */
int64_t profile_sum(const Profile *profile, size_t column);

/* The label of this key; NULL if there is none. */
const Label *profile_label(const Profile *profile, const Sample *sample, const char *key);
const char *profile_label_text(const Profile *profile, const Sample *sample, const char *key);

#endif
