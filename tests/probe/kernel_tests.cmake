# SPDX-License-Identifier: MIT
# Tests of the eBPF side and of the symbols.

add_executable(batch_target batch_target.c)
target_link_libraries(batch_target PRIVATE loiter-contract Threads::Threads)

loiter_test(ebpf SOURCES ebpf_test.c
	LIBRARIES loiter-probe
	ENVIRONMENT BATCH_TARGET=$<TARGET_FILE:batch_target>
	LABELS probe)
add_dependencies(test_ebpf batch_target)
