# edgec_add_model(): a model as a library of the project. Comes with find_package(edgec).
#
#   edgec_add_model(<name> MODEL <file>
#                   [TARGET <device>]          as `edgec targets` lists them, with features: cortex-a76+dotprod
#                   [SHAPES <input>=1x3x224x224 ...]
#                   [SET <input>=<number> ...]
#                   [STATES <input>=<output> ...]
#                   [THREADS <n>]
#                   [OUTPUT_NAME <prefix>]     prefix of the files and C symbols; by default <name>, made a C identifier
#                   [OPTIONS <option> ...]     anything else that `edgec compile` takes
#                   [DEPENDS <file> ...])      files that the model refers to, as external weights
#
# Makes a library <name> to link: its headers, its archive, <edgec/model.h> and libm come with it. The model is compiled
# when the project is built, and again when it, edgec or an option changes. The folder of the archive, the header and the
# manifest is the target's property EDGEC_MODEL_DIR.
#
# TARGET is `host` where the project is built for the machine that builds it: code for this very processor. Give a named
# device for a program that other machines run too. In a cross build the processor of the toolchain file decides (aarch64:
# cortex-a53, x86_64: x86-64, riscv64: rv64gc); bare-metal processors must be named.
#
# The library must have the float ABI of the program. On Cortex-M with a floating-point unit that is -mfloat-abi=hard.

function(_edgec_default_target result)
  if(NOT CMAKE_CROSSCOMPILING)
    set(${result} host PARENT_SCOPE)
    return()
  endif()
  string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" processor)
  if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
    set(processor "${processor} without an operating system")
  endif()
  if(processor MATCHES "^(aarch64|arm64)$")
    set(${result} cortex-a53 PARENT_SCOPE)
  elseif(processor MATCHES "^(x86_64|amd64)$")
    set(${result} x86-64 PARENT_SCOPE)
  elseif(processor STREQUAL "riscv64")
    set(${result} rv64gc PARENT_SCOPE)
  else()
    message(FATAL_ERROR "edgec_add_model: no default TARGET for the processor '${processor}'; "
      "`edgec targets` lists the devices")
  endif()
endfunction()

function(edgec_add_model name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "MODEL;TARGET;THREADS;OUTPUT_NAME" "SHAPES;SET;STATES;OPTIONS;DEPENDS")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "edgec_add_model(${name}): unknown arguments: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(ARG_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "edgec_add_model(${name}): no value for ${ARG_KEYWORDS_MISSING_VALUES}")
  endif()
  if(NOT ARG_MODEL)
    message(FATAL_ERROR "edgec_add_model(${name}): MODEL is missing")
  endif()
  get_filename_component(model "${ARG_MODEL}" ABSOLUTE)
  if(NOT ARG_TARGET)
    _edgec_default_target(ARG_TARGET)
  endif()
  if(NOT ARG_OUTPUT_NAME)
    string(MAKE_C_IDENTIFIER "${name}" ARG_OUTPUT_NAME)
  endif()

  set(options --target=${ARG_TARGET} --name=${ARG_OUTPUT_NAME})
  foreach(pair "SHAPES;--shape" "SET;--set" "STATES;--state")
    list(GET pair 0 keyword)
    list(GET pair 1 option)
    foreach(value IN LISTS ARG_${keyword})
      list(APPEND options ${option} ${value})
    endforeach()
  endforeach()
  if(ARG_THREADS)
    list(APPEND options --threads=${ARG_THREADS})
  endif()
  list(APPEND options ${ARG_OPTIONS})

  set(directory "${CMAKE_CURRENT_BINARY_DIR}/${name}.model")
  set(archive "${directory}/lib${ARG_OUTPUT_NAME}.a")
  add_custom_command(
    OUTPUT "${archive}" "${directory}/${ARG_OUTPUT_NAME}.h" "${directory}/${ARG_OUTPUT_NAME}.json"
    COMMAND "${EDGEC_EXECUTABLE}" compile "${model}" -o "${directory}" ${options}
    DEPENDS "${model}" "${EDGEC_EXECUTABLE}" ${ARG_DEPENDS}
    COMMENT "Compiling ${ARG_MODEL} for ${ARG_TARGET}"
    VERBATIM)
  add_custom_target(${name}_model DEPENDS "${archive}")

  add_library(${name} INTERFACE)
  add_dependencies(${name} ${name}_model)
  target_include_directories(${name} INTERFACE "${directory}")
  target_link_libraries(${name} INTERFACE "${archive}" edgec::headers)
  if(NOT CMAKE_SYSTEM_NAME MATCHES "^(Windows|Darwin)$")
    target_link_libraries(${name} INTERFACE m)
  endif()
  set_target_properties(${name} PROPERTIES EDGEC_MODEL_DIR "${directory}")
endfunction()
