// SPDX-License-Identifier: MIT
/*
 * Names of C++: known ones, and what is cut or changed at random, which must end and stay in its place.
 */
#include "testing.h"

#include "demangle.h"

static const struct {
	const char *mangled;
	const char *plain; /* NULL: not understood */
} names[] = {
	{"_Z3runv", "run"},
	{"_ZN3net6Server3runEv", "net::Server::run"},
	{"_ZNK3net6Server4portEv", "net::Server::port"},
	{"_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector::push_back"},
	{"_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector::push_back"},
	{"_ZNSsC1EPKcRKSaIcE", "std::string::basic_string"},
	{"_ZN3net6ServerC2Ei", "net::Server::Server"},
	{"_ZN3net6ServerD0Ev", "net::Server::~Server"},
	{"_ZN3net6ServerIiEC2Ei", "net::Server::Server"},
	{"_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc", "std::operator<<"},
	{"_ZN12_GLOBAL__N_16helperEv", "(anonymous namespace)::helper"},
	{"_ZZN3net6Server3runEvENKUlvE_clEv", "net::Server::run::{lambda}::operator()"},
	{"_ZZN3net6Server3runEvENKUlvE0_clEv", "net::Server::run::{lambda}::operator()"},
	{"_ZZ4mainENKUlT_E_clIiEEDaS_", "main::{lambda}::operator()"},
	{"_ZNSt7__cxx1115basic_stringbufIwSt11char_traitsIwESaIwEEC2Ev",
	 "std::__cxx11::basic_stringbuf::basic_stringbuf"},
	{"_ZN4poolclEv", "pool::operator()"},
	{"_ZNK4pool3getILi4ELb1EEEiv", "pool::get"},
	{"_ZN4poolcvbEv", "pool::operator (cast)"},
	{"_ZnwmSt11align_val_t", "operator new"},
	{"_ZN5boost4asio6detail9scheduler3runERNS_6system10error_codeE",
	 "boost::asio::detail::scheduler::run"},
	{"_ZNSt8functionIFvRKN3net7RequestEEEclES3_", "std::function::operator()"},
	{"_Z3addIJiddEEvDpT_", "add"},
	{"_ZN3net6Server3runB5cxx11Ev", "net::Server::run"},
	{"_ZL8internalv", "internal"},
	{"_ZThn16_N3net6Server3runEv", "net::Server::run"},
	{"_ZN3net6Server3runEv.part.0", "net::Server::run"},
	{"run", NULL},
	{"_Zebra", NULL},
	{"_Z", NULL},
	{"_ZN", NULL},
	{"_ZN3ne", NULL},
	{"_ZTV6Server", NULL}, /* no function */
	{"_ZN9999999999999999999999a", NULL},
	{"", NULL},
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char plain[256] = "untouched";
		bool known = ltr__demangle(names[i].mangled, plain, sizeof(plain));

		if (known != (names[i].plain != NULL))
			print_error("%s: %s\n", names[i].mangled, plain);
		assert_int_equal(known, names[i].plain != NULL);
		assert_string_equal(plain, names[i].plain ? names[i].plain : "untouched");
	}
}

static void test_cut_to_fit(void **state)
{
	char plain[8] = "1234567";

	(void)state;
	assert_true(ltr__demangle("_ZN3net6Server3runEv", plain, 5));
	assert_string_equal(plain, "net:");
	assert_string_equal(plain + 5, "67");
	assert_true(ltr__demangle("_ZN3net6Server3runEv", plain, 1));
	assert_string_equal(plain, "");
}

/* Cut at each byte, with bytes changed, and repeated: a stack of them, too. */
static void test_hostile(void **state)
{
	struct chance chance = {chance_seed()};
	static const char nested[] = "_ZN1aI";
	static char text[100001];
	char plain[256];

	(void)state;
	for (size_t round = 0; round < 200000; round++) {
		const char *name =
			names[chance_below(&chance, sizeof(names) / sizeof(names[0]))].mangled;
		size_t length = strlen(name);

		memcpy(text, name, length + 1);
		for (uint32_t i = 0; length > 2 && i < chance_below(&chance, 4); i++)
			text[2 + chance_below(&chance, (uint32_t)length - 2)] =
				"NIZSTEULJ_0123456789abvPKRFADM"[chance_below(&chance, 30)];
		text[chance_below(&chance, (uint32_t)length + 1)] =
			chance_below(&chance, 2) ? '\0' : 'E';
		if (ltr__demangle(text, plain, sizeof(plain)))
			assert_true(strlen(plain) < sizeof(plain));
	}
	for (const char *each = "NIZPFUSTDAMLJ1"; *each; each++) {
		memset(text, *each, sizeof(text) - 1);
		text[0] = '_';
		text[1] = 'Z';
		assert_false(ltr__demangle(text, plain, sizeof(plain)));
		for (size_t i = 0; nested[i]; i++)
			text[i] = nested[i];
		assert_false(ltr__demangle(text, plain, sizeof(plain)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_cut_to_fit),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
