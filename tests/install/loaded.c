/* SPDX-License-Identifier: MIT */

/*
 * Loads libloiter by dlopen(): its thread-local variable has to fit into what the dynamic linker
 * keeps for late comers.
 */
#include <dlfcn.h>
#include <stdio.h>

static int ran;

static int run(int argc, char **argv)
{
	(void)argc, (void)argv;
	ran = 1;
	return 0;
}

int main(int argc, char **argv)
{
	void *library = dlopen(argc > 1 ? argv[1] : "libloiter.so", RTLD_NOW);
	int (*ltr_run)(int (*)(int, char **), int, char **);

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	*(void **)&ltr_run = dlsym(library, "ltr_run");
	return ltr_run && ltr_run(run, argc, argv) == 0 && ran ? 0 : 2;
}
