# edgec::onnx: ONNX's own C++ library, built once from its PyPI source distribution (cmake/onnx/) and kept in a cache
# that all build folders share. A configure that finds it there needs neither network nor Python.

set(EDGEC_ONNX_VERSION 1.23.2)
set(EDGEC_ONNX_SHA256 008cb0467b2bbee41448acc7da8b6f4e704624cb0d327a2d5adafc7ce19bc5b8)
# Seen by the library and by its users alike: they change the classes in onnx/defs/schema.h.
set(EDGEC_ONNX_DEFINITIONS ONNX_ML=1 ONNX_NAMESPACE=onnx __ONNX_NO_DOC_STRINGS)
# One build for all of edgec's own build types, sanitized ones too.
set(EDGEC_ONNX_FLAGS "-O1 -DNDEBUG")

if(DEFINED ENV{EDGEC_CACHE_DIR})
  set(directory "$ENV{EDGEC_CACHE_DIR}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(directory "$ENV{XDG_CACHE_HOME}/edgec")
else()
  set(directory "$ENV{HOME}/.cache/edgec")
endif()
get_filename_component(directory "${directory}" ABSOLUTE BASE_DIR "${CMAKE_BINARY_DIR}")
set(EDGEC_CACHE_DIR "${directory}" CACHE PATH "Where what edgec builds once is kept for all build folders")

# Puts the source distribution at `sdist`. pip finds and verifies it, but on the way asks the package's build backend
# for metadata that is of no use here: a stand-in for the backend answers, so that the real one need not be installed.
function(edgec_onnx_download sdist work)
  set(remedy "Without a network, copy onnx-${EDGEC_ONNX_VERSION}.tar.gz (the source distribution on PyPI, sha256 "
    "${EDGEC_ONNX_SHA256}) to ${sdist} and configure again.")
  string(CONCAT remedy ${remedy})
  find_program(EDGEC_PYTHON3 python3)
  if(NOT EDGEC_PYTHON3)
    message(FATAL_ERROR "python3 is needed once, to fetch ONNX's sources: install python3 and python3-venv.\n${remedy}")
  endif()
  set(python ${EDGEC_PYTHON3})
  execute_process(COMMAND ${python} -m pip --version RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
  if(result)
    execute_process(COMMAND ${python} -m venv ${work}/venv
      RESULT_VARIABLE result OUTPUT_VARIABLE log ERROR_VARIABLE log)
    if(result)
      message(FATAL_ERROR "pip is needed once, to fetch ONNX's sources: install python3-venv (or python3-pip).\n"
        "${remedy}\n${log}")
    endif()
    set(python ${work}/venv/bin/python3)
  endif()

  file(WRITE ${work}/backend/scikit_build_core/__init__.py "")
  file(WRITE ${work}/backend/scikit_build_core/build.py "\
import os
def prepare_metadata_for_build_wheel(directory, config_settings=None):
    name = 'onnx-${EDGEC_ONNX_VERSION}.dist-info'
    os.mkdir(os.path.join(directory, name))
    with open(os.path.join(directory, name, 'METADATA'), 'w') as file:
        file.write('Metadata-Version: 2.1\\nName: onnx\\nVersion: ${EDGEC_ONNX_VERSION}\\n')
    return name
")
  file(WRITE ${work}/requirements.txt "onnx==${EDGEC_ONNX_VERSION} --hash=sha256:${EDGEC_ONNX_SHA256}\n")
  message(STATUS "Fetching ONNX ${EDGEC_ONNX_VERSION}'s sources")
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${work}/backend ${python} -m pip download --quiet
      --disable-pip-version-check --no-deps --no-binary onnx --no-build-isolation -r ${work}/requirements.txt
      -d ${work}/download
    RESULT_VARIABLE result OUTPUT_VARIABLE log ERROR_VARIABLE log)
  set(file ${work}/download/onnx-${EDGEC_ONNX_VERSION}.tar.gz)
  if(result OR NOT EXISTS ${file})
    message(FATAL_ERROR "pip could not fetch ONNX ${EDGEC_ONNX_VERSION}'s source distribution.\n${remedy}\n${log}")
  endif()
  file(RENAME ${file} ${sdist})
endfunction()

# Builds and installs to `prefix`.
function(edgec_onnx_build prefix)
  file(MAKE_DIRECTORY ${EDGEC_CACHE_DIR})
  # Another configure may be at it: wait for it.
  file(LOCK ${EDGEC_CACHE_DIR}/onnx.lock GUARD FUNCTION TIMEOUT 1800 RESULT_VARIABLE result)
  if(result)
    message(FATAL_ERROR "Cannot lock ${EDGEC_CACHE_DIR}/onnx.lock (${result}): "
      "set EDGEC_CACHE_DIR to a folder of yours.")
  endif()
  if(EXISTS ${prefix})
    return()
  endif()
  set(work ${prefix}.tmp)
  file(REMOVE_RECURSE ${work})

  set(sdist ${EDGEC_CACHE_DIR}/onnx-${EDGEC_ONNX_VERSION}.tar.gz)
  if(NOT EXISTS ${sdist})
    edgec_onnx_download(${sdist} ${work})
  endif()
  file(SHA256 ${sdist} sha256)
  if(NOT sha256 STREQUAL EDGEC_ONNX_SHA256)
    message(FATAL_ERROR "${sdist} has sha256 ${sha256}, not ${EDGEC_ONNX_SHA256}: remove it and configure again.")
  endif()
  file(ARCHIVE_EXTRACT INPUT ${sdist} DESTINATION ${work})

  message(STATUS "Building ONNX ${EDGEC_ONNX_VERSION}'s C++ library, once (about one CPU minute)")
  cmake_host_system_information(RESULT jobs QUERY NUMBER_OF_LOGICAL_CORES)
  set(options)
  foreach(variable CMAKE_MAKE_PROGRAM CMAKE_TOOLCHAIN_FILE CMAKE_PREFIX_PATH CMAKE_CXX_FLAGS CMAKE_CXX_COMPILER_TARGET
      CMAKE_AR CMAKE_RANLIB)
    if(${variable})
      string(REPLACE ";" "\\;" value "${${variable}}")
      list(APPEND options "-D${variable}=${value}")
    endif()
  endforeach()
  set(log ${CMAKE_BINARY_DIR}/onnx-build.log)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/onnx -B ${work}/build -G ${CMAKE_GENERATOR}
      -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_BUILD_TYPE=Release
      -DCMAKE_CXX_FLAGS_RELEASE=${EDGEC_ONNX_FLAGS} -DCMAKE_INSTALL_PREFIX=${work}/install
      -DONNX_SOURCE=${work}/onnx-${EDGEC_ONNX_VERSION} "-DONNX_DEFINITIONS=${EDGEC_ONNX_DEFINITIONS}" ${options}
    RESULT_VARIABLE result OUTPUT_FILE ${log} ERROR_FILE ${log})
  if(NOT result)
    execute_process(
      COMMAND ${CMAKE_COMMAND} --build ${work}/build --config Release --parallel ${jobs} --target install
      RESULT_VARIABLE result OUTPUT_FILE ${log} ERROR_FILE ${log})
  endif()
  if(result)
    file(READ ${log} text)
    message(FATAL_ERROR "ONNX's C++ library did not build: ${log}\n"
      "It needs protobuf 3.21 (libprotobuf-dev, protobuf-compiler).\n${text}")
  endif()
  file(RENAME ${work}/install ${prefix})
  file(REMOVE_RECURSE ${work})
endfunction()

find_package(Protobuf 3.21 REQUIRED)

# What the library's bytes depend on.
file(SHA256 ${CMAKE_CURRENT_LIST_DIR}/onnx/CMakeLists.txt recipe)
string(SHA256 key "${EDGEC_ONNX_SHA256} ${recipe} ${EDGEC_ONNX_DEFINITIONS} ${EDGEC_ONNX_FLAGS} ${CMAKE_CXX_FLAGS} \
${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_CXX_COMPILER_TARGET} ${CMAKE_SYSTEM_NAME} \
${CMAKE_SYSTEM_PROCESSOR} ${Protobuf_VERSION}")
string(SUBSTRING ${key} 0 16 key)
set(EDGEC_ONNX_PREFIX ${EDGEC_CACHE_DIR}/onnx-${EDGEC_ONNX_VERSION}-${key})
if(NOT EXISTS ${EDGEC_ONNX_PREFIX})
  edgec_onnx_build(${EDGEC_ONNX_PREFIX})
endif()
message(STATUS "ONNX ${EDGEC_ONNX_VERSION}: ${EDGEC_ONNX_PREFIX}")
# A changed recipe or an emptied cache makes the next build configure again.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_LIST_DIR}/onnx/CMakeLists.txt ${EDGEC_ONNX_PREFIX}/lib/libedgec_onnx.a)

add_library(edgec::onnx STATIC IMPORTED GLOBAL)
set_target_properties(edgec::onnx PROPERTIES
  IMPORTED_LOCATION ${EDGEC_ONNX_PREFIX}/lib/libedgec_onnx.a
  INTERFACE_INCLUDE_DIRECTORIES ${EDGEC_ONNX_PREFIX}/include
  INTERFACE_COMPILE_DEFINITIONS "${EDGEC_ONNX_DEFINITIONS}"
  INTERFACE_LINK_LIBRARIES protobuf::libprotobuf)
