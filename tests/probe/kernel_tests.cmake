# SPDX-License-Identifier: MIT
# Tests of the eBPF side and of the symbols.

add_executable(batch_target batch_target.c)
target_link_libraries(batch_target PRIVATE loiter-contract Threads::Threads)

loiter_test(ebpf SOURCES ebpf_test.c program.c
	LIBRARIES loiter-probe
	ENVIRONMENT BATCH_TARGET=$<TARGET_FILE:batch_target>
	LABELS probe)
add_dependencies(test_ebpf batch_target)

# Addresses of an optimised program, whatever this build is: with debug information, stripped, with debug
# information beside it, and without the ranges of units, which clang does not write.
foreach(kind "" _stripped _split _unranged)
	add_executable(symbols_target${kind} symbols_target.c)
	target_compile_options(symbols_target${kind} PRIVATE -O2 -g -fno-sanitize=all)
	target_link_options(symbols_target${kind} PRIVATE -Wl,--build-id=sha1 -fno-sanitize=all)
endforeach()
add_custom_command(TARGET symbols_target_stripped POST_BUILD
	COMMAND ${CMAKE_STRIP} -s $<TARGET_FILE:symbols_target_stripped> VERBATIM)
add_custom_command(TARGET symbols_target_split POST_BUILD
	COMMAND ${CMAKE_OBJCOPY} --only-keep-debug symbols_target_split symbols_target_split.debug
	COMMAND ${CMAKE_STRIP} -s symbols_target_split
	COMMAND ${CMAKE_OBJCOPY} --add-gnu-debuglink=symbols_target_split.debug symbols_target_split
	WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR} VERBATIM)

add_custom_command(TARGET symbols_target_unranged POST_BUILD
	COMMAND ${CMAKE_OBJCOPY} --remove-section .debug_aranges $<TARGET_FILE:symbols_target_unranged>
	VERBATIM)

loiter_test(symbols SOURCES symbols_test.c program.c
	LIBRARIES loiter-probe
	ENVIRONMENT SYMBOLS_TARGET=$<TARGET_FILE:symbols_target>
		SYMBOLS_TARGET_STRIPPED=$<TARGET_FILE:symbols_target_stripped>
		SYMBOLS_TARGET_SPLIT=$<TARGET_FILE:symbols_target_split>
		SYMBOLS_TARGET_UNRANGED=$<TARGET_FILE:symbols_target_unranged>
	LABELS probe)
add_dependencies(test_symbols symbols_target symbols_target_stripped symbols_target_split
	symbols_target_unranged)

# The whole way, on a real goroutine program.
add_executable(live_target live_target.c)
target_link_libraries(live_target PRIVATE libloiter)
loiter_test(live SOURCES live_test.c program.c
	LIBRARIES loiter-probe
	ENVIRONMENT LIVE_TARGET=$<TARGET_FILE:live_target>
	LABELS probe)
add_dependencies(test_live live_target)

# Samples of the CPUs.
add_executable(cpu_target cpu_target.c)
target_link_libraries(cpu_target PRIVATE libloiter)
loiter_test(cpu SOURCES cpu_test.c program.c
	LIBRARIES loiter-probe
	ENVIRONMENT CPU_TARGET=$<TARGET_FILE:cpu_target>
	LABELS probe)
add_dependencies(test_cpu cpu_target)
loiter_script_test(cpu_profile cpu_profile.sh LABELS probe)

# What the kernel says of threads.
add_executable(thread_target thread_target.c)
target_link_libraries(thread_target PRIVATE libloiter)
loiter_test(threads SOURCES thread_test.c program.c
	LIBRARIES loiter-probe
	ENVIRONMENT THREAD_TARGET=$<TARGET_FILE:thread_target>
	LABELS probe)
add_dependencies(test_threads thread_target)

loiter_script_test(kernel_recording kernel_recording.sh LABELS probe)

# All of these on an older kernel.
loiter_script_test(vm vm.sh LABELS probe vm TIMEOUT 900)

# The USDT probes, as a stranger sees them: statically linked, and from the shared library.
add_executable(usdt_program usdt_program.c)
target_link_libraries(usdt_program PRIVATE libloiter)
if(NOT LOITER_SANITIZE)
	add_executable(usdt_program_shared usdt_program.c)
	target_link_libraries(usdt_program_shared PRIVATE libloiter-shared)
endif()
loiter_script_test(usdt usdt.sh LABELS probe serial)
