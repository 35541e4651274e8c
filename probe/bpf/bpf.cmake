# SPDX-License-Identifier: MIT
# The kernel side of loiter-probe: clang compiles loiter.bpf.c, and bpftool makes of it the header
# loiter.skel.h (in the build folder only): the object code, and typed access to its maps and globals.

find_program(LOITER_CLANG NAMES clang clang-14 clang-15 clang-16 clang-19 REQUIRED)
find_program(LOITER_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
	set(bpf_arch x86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
	set(bpf_arch arm64)
else()
	message(FATAL_ERROR "the eBPF program has no registers for ${CMAKE_SYSTEM_PROCESSOR}")
endif()

set(bpf_source ${CMAKE_CURRENT_LIST_DIR}/loiter.bpf.c)
set(bpf_folder ${CMAKE_CURRENT_BINARY_DIR}/bpf)
file(MAKE_DIRECTORY ${bpf_folder})

# Debian keeps <asm/types.h> in the architecture's folder, where clang -target bpf does not look.
add_custom_command(
	OUTPUT ${bpf_folder}/loiter.bpf.o
	COMMAND ${LOITER_CLANG} -target bpf -O2 -g -ffreestanding
		-Wall -Wextra -Wno-unused-parameter -Werror
		-D__TARGET_ARCH_${bpf_arch} -I${PROJECT_SOURCE_DIR}/runtime/include
		-idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
		-MD -MF ${bpf_folder}/loiter.bpf.d -c ${bpf_source} -o ${bpf_folder}/loiter.bpf.o
	DEPENDS ${bpf_source}
	DEPFILE ${bpf_folder}/loiter.bpf.d
	COMMENT "Building BPF object loiter.bpf.o"
	VERBATIM)
add_custom_command(
	OUTPUT ${bpf_folder}/loiter.skel.h
	COMMAND ${LOITER_BPFTOOL} gen skeleton ${bpf_folder}/loiter.bpf.o name loiter_bpf
		> ${bpf_folder}/loiter.skel.h
	DEPENDS ${bpf_folder}/loiter.bpf.o
	COMMENT "Generating loiter.skel.h"
	VERBATIM)

target_sources(loiter-probe PRIVATE ${bpf_folder}/loiter.skel.h)
target_include_directories(loiter-probe SYSTEM PRIVATE ${bpf_folder})
