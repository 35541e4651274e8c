# SPDX-License-Identifier: MIT
# What every target is compiled with. Presets (CMakePresets.json) choose these.

set(LOITER_SANITIZE "" CACHE STRING "empty, address (with undefined), or thread")
option(LOITER_RUNTIME_ONLY "build libloiter and its tests, not the tool" OFF)
set(LOITER_PORT "" CACHE STRING "prefix of the tests' names in a build of the runtime alone")

option(LOITER_FUZZ "fuzzers of the readers, with clang's libFuzzer (tests/fuzz)" OFF)
option(LOITER_HOSTILE "queues of 4, one stack in a cache, poisoned stacks, random scheduling" OFF)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
	set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2 -g -DNDEBUG")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g")
set(CMAKE_ASM_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
set(CMAKE_ASM_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")

# Frame pointers: unwinding from outside and from BPF depends on them.
add_compile_options(
	-Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
	-Wvla -Wundef -Wformat=2
	-fno-omit-frame-pointer -fno-optimize-sibling-calls -D_GNU_SOURCE)

if(LOITER_HOSTILE)
	add_compile_definitions(LTR_HOSTILE)
endif()

if(LOITER_FUZZ)
	add_compile_definitions(FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
	add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined)
	add_link_options(-fsanitize=address,undefined)
endif()
if(LOITER_SANITIZE STREQUAL "address")
	add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
	add_link_options(-fsanitize=address,undefined)
elseif(LOITER_SANITIZE STREQUAL "thread")
	# -Wno-tsan: it does not understand fences. Ours order atomics that carry the data themselves.
	add_compile_options(-fsanitize=thread -Wno-tsan)
	add_link_options(-fsanitize=thread)
elseif(NOT LOITER_SANITIZE STREQUAL "")
	message(FATAL_ERROR "LOITER_SANITIZE is '${LOITER_SANITIZE}': use address, thread or nothing")
endif()
