# Language level, warnings, sanitizers, compiler cache and linker: what every edgec target shares.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 99)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Dev CACHE STRING "" FORCE)
endif()
# Dev: the least optimisation that keeps the compiler quick at its own work, asserts on, no debug info to write and link.
set(CMAKE_CXX_FLAGS_DEV "-O1" CACHE STRING "")
set(CMAKE_C_FLAGS_DEV "-O1" CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG" CACHE STRING "" FORCE)

find_program(EDGEC_CCACHE ccache)
if(EDGEC_CCACHE)
  # A precompiled header is cached only if ccache may trust its macros and times.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_NOHASHDIR=1 ${EDGEC_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

find_program(EDGEC_LLD NAMES ld.lld-22)
if(EDGEC_LLD)
  add_link_options(--ld-path=${EDGEC_LLD})
endif()

add_library(edgec_settings INTERFACE)
target_compile_options(edgec_settings INTERFACE
  -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers)
target_include_directories(edgec_settings INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})

option(EDGEC_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
if(EDGEC_SANITIZE)
  # Debian's shared libMLIR is not instrumented: vptr checks would need its type information, and containers that cross
  # the boundary are annotated on one side only (ASAN_OPTIONS=detect_container_overflow=0 in the tests).
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr,function -fno-omit-frame-pointer
    -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()
