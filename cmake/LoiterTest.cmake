# SPDX-License-Identifier: MIT
#
# Two functions that register tests, and what a sanitizer build makes of them: there the names begin
# with "asan." or "tsan.", so that one ctest can run over several build folders (./dev test does),
# and scripts are left out unless their LABELS have "sanitize": most of them measure or watch
# programs, which is another thing under a sanitizer. LABELS "plain" leaves a cmocka test out, too.
# ThreadSanitizer runs only what has LABELS "threads": the runtime and programs on it, and the
# screen that goes back in time. Everything else has one thread, and a program made twenty times slower
# is no use to those who watch it.
# Builds of the runtime alone (LOITER_RUNTIME_ONLY), which are for ports and the hostile one, run
# programs without cmocka, as "aarch64.", "generic." or "hostile.", and no scripts.
# "serial" (also: everything with the label "integration") runs alone on the machine.
if(LOITER_SANITIZE STREQUAL "address")
	set(LOITER_TEST_PREFIX "asan.")
elseif(LOITER_SANITIZE STREQUAL "thread")
	set(LOITER_TEST_PREFIX "tsan.")
elseif(LOITER_PORT)
	set(LOITER_TEST_PREFIX "${LOITER_PORT}.")
else()
	set(LOITER_TEST_PREFIX "")
endif()

# loiter_test(NAME SOURCES... [LIBRARIES targets...] [ENVIRONMENT K=V...] [LABELS l...] [TIMEOUT s])
# makes one cmocka program, test_NAME, and registers it with ctest as NAME.
function(loiter_test name)
	cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBRARIES;ENVIRONMENT;LABELS" ${ARGN})
	add_executable(test_${name} ${ARG_SOURCES} ${ARG_UNPARSED_ARGUMENTS})
	target_link_libraries(test_${name} PRIVATE ${ARG_LIBRARIES} $<TARGET_NAME_IF_EXISTS:PkgConfig::CMOCKA>)
	if(LOITER_SANITIZE AND "plain" IN_LIST ARG_LABELS)
		return()
	endif()
	if(LOITER_SANITIZE STREQUAL "thread" AND NOT "threads" IN_LIST ARG_LABELS)
		return()
	endif()
	add_test(NAME ${LOITER_TEST_PREFIX}${name} COMMAND test_${name})
	loiter_test_properties(${LOITER_TEST_PREFIX}${name} ENVIRONMENT ${ARG_ENVIRONMENT}
		LABELS ${ARG_LABELS} TIMEOUT ${ARG_TIMEOUT})
endfunction()

# loiter_script_test(NAME SCRIPT [ENVIRONMENT K=V...] [LABELS l...] [TIMEOUT s]) registers a bash
# script. It finds the build folder in $LTR_BUILD and the source in $LTR_SOURCE; status 77 means
# "skipped", and the script has to print why, in a line that has "skipped: ".
function(loiter_script_test name script)
	cmake_parse_arguments(ARG "" "TIMEOUT" "ENVIRONMENT;LABELS" ${ARGN})
	if(LOITER_RUNTIME_ONLY)
		return()
	endif()
	if(LOITER_SANITIZE AND NOT "sanitize" IN_LIST ARG_LABELS)
		return()
	endif()
	if(LOITER_SANITIZE STREQUAL "thread" AND NOT "threads" IN_LIST ARG_LABELS)
		return()
	endif()
	add_test(NAME ${LOITER_TEST_PREFIX}${name}
		COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/${script})
	loiter_test_properties(${LOITER_TEST_PREFIX}${name}
		ENVIRONMENT LTR_BUILD=${PROJECT_BINARY_DIR} LTR_SOURCE=${PROJECT_SOURCE_DIR}
		LTR_SANITIZE=${LOITER_SANITIZE} ${ARG_ENVIRONMENT}
		LABELS ${ARG_LABELS} TIMEOUT ${ARG_TIMEOUT})
endfunction()

function(loiter_test_properties name)
	cmake_parse_arguments(ARG "" "TIMEOUT" "ENVIRONMENT;LABELS" ${ARGN})
	if(NOT ARG_TIMEOUT)
		set(ARG_TIMEOUT 300)
	endif()
	set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} SKIP_RETURN_CODE 77
		ENVIRONMENT "${ARG_ENVIRONMENT}" LABELS "${ARG_LABELS}")
	if("serial" IN_LIST ARG_LABELS OR "integration" IN_LIST ARG_LABELS)
		set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
	endif()
endfunction()
