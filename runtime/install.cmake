# SPDX-License-Identifier: MIT
# The shared library, and what `cmake --install` needs of the runtime: both libraries, the headers,
# a CMake package (loiter::loiter is the shared library, loiter::loiter_static the other) and a
# pkg-config file. docs/install.md is about using them.
#
# While the major version is 0 every minor version may change the ABI: it is part of the soname.
include(CMakePackageConfigHelpers)

loiter_library(libloiter-shared SHARED)
set_target_properties(libloiter-shared PROPERTIES
	EXPORT_NAME loiter
	VERSION ${PROJECT_VERSION}
	SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_link_options(libloiter-shared PRIVATE -Wl,-z,defs)
set_target_properties(libloiter PROPERTIES EXPORT_NAME loiter_static)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/loiter)
install(TARGETS libloiter-shared libloiter EXPORT loiter)
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(EXPORT loiter NAMESPACE loiter:: FILE loiterTargets.cmake DESTINATION ${package})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/loiterConfig.cmake.in
	loiterConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(loiterConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
	${CMAKE_CURRENT_BINARY_DIR}/loiterConfig.cmake
	${CMAKE_CURRENT_BINARY_DIR}/loiterConfigVersion.cmake
	DESTINATION ${package})

# From the pkg-config file's folder, so that what is installed can be moved as a whole.
file(RELATIVE_PATH LTR_PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${PROJECT_SOURCE_DIR}/cmake/loiter.pc.in loiter.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/loiter.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
