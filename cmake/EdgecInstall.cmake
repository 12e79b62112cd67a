# cmake --install, find_package(edgec) for other projects, and a Debian package (`cpack -G DEB`).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# libMLIR and libLLVM stay where the distribution has them.
set_target_properties(edgec PROPERTIES INSTALL_RPATH "${LLVM_LIBRARY_DIR}")
install(TARGETS edgec RUNTIME)
# runtime/CMakeLists.txt installs its headers and sources: share/edgec/runtime builds with the user's toolchain.

set(EDGEC_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/edgec)
configure_package_config_file(cmake/EdgecConfig.cmake.in ${PROJECT_BINARY_DIR}/edgecConfig.cmake
  INSTALL_DESTINATION ${EDGEC_INSTALL_CMAKEDIR}
  PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_DATADIR
  NO_SET_AND_CHECK_MACRO)
# What is found runs on the build machine and compiles for any other: its architecture doesn't matter.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/edgecConfigVersion.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
  ${PROJECT_BINARY_DIR}/edgecConfig.cmake
  ${PROJECT_BINARY_DIR}/edgecConfigVersion.cmake
  cmake/EdgecModel.cmake
  DESTINATION ${EDGEC_INSTALL_CMAKEDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_PACKAGE_NAME edgec)
set(CPACK_PACKAGE_CONTACT "the edgec maintainers")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES ON)
include(CPack)
