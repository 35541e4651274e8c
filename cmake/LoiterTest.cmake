# SPDX-License-Identifier: MIT
# loiter_test(NAME SOURCES... [LIBRARIES targets...] [ENVIRONMENT K=V...] [LABELS l...] [TIMEOUT s])
# makes one cmocka program, test_NAME, and registers it with ctest as NAME.
function(loiter_test name)
	cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBRARIES;ENVIRONMENT;LABELS" ${ARGN})
	add_executable(test_${name} ${ARG_SOURCES} ${ARG_UNPARSED_ARGUMENTS})
	target_link_libraries(test_${name} PRIVATE ${ARG_LIBRARIES} PkgConfig::CMOCKA)
	add_test(NAME ${name} COMMAND test_${name})
	loiter_test_properties(${name} ENVIRONMENT ${ARG_ENVIRONMENT} LABELS ${ARG_LABELS}
		TIMEOUT ${ARG_TIMEOUT})
endfunction()

# loiter_script_test(NAME SCRIPT [ENVIRONMENT K=V...] [LABELS l...] [TIMEOUT s]) registers a bash
# script. It finds the build folder in $LTR_BUILD and the source in $LTR_SOURCE; status 77 means
# "skipped", and the script has to print why.
function(loiter_script_test name script)
	cmake_parse_arguments(ARG "" "TIMEOUT" "ENVIRONMENT;LABELS" ${ARGN})
	add_test(NAME ${name} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/${script})
	loiter_test_properties(${name}
		ENVIRONMENT LTR_BUILD=${PROJECT_BINARY_DIR} LTR_SOURCE=${PROJECT_SOURCE_DIR}
		${ARG_ENVIRONMENT} LABELS ${ARG_LABELS} TIMEOUT ${ARG_TIMEOUT})
endfunction()

function(loiter_test_properties name)
	cmake_parse_arguments(ARG "" "TIMEOUT" "ENVIRONMENT;LABELS" ${ARGN})
	if(NOT ARG_TIMEOUT)
		set(ARG_TIMEOUT 120)
	endif()
	set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} SKIP_RETURN_CODE 77
		ENVIRONMENT "${ARG_ENVIRONMENT}" LABELS "${ARG_LABELS}")
endfunction()
