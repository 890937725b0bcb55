# Warnings, hardening and sanitizers, each on an INTERFACE target that our own targets link privately.
include(CheckCCompilerFlag)
include(CheckPIESupported)
include(CheckSymbolExists)
check_pie_supported(LANGUAGES C)

add_library(hbrsync_warnings INTERFACE)
target_compile_options(hbrsync_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -Wformat=2 -Wcast-qual -Wwrite-strings -Wundef
  $<$<C_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op>
  $<$<BOOL:${HBRSYNC_WERROR}>:-Werror>)

add_library(hbrsync_options INTERFACE)
target_compile_definitions(hbrsync_options INTERFACE _GNU_SOURCE)

# glibc has it since 2.34, musl has not.
set(CMAKE_REQUIRED_DEFINITIONS -D_GNU_SOURCE)
check_symbol_exists(posix_spawn_file_actions_addclosefrom_np spawn.h HBRSYNC_HAVE_ADDCLOSEFROM)
unset(CMAKE_REQUIRED_DEFINITIONS)
if(HBRSYNC_HAVE_ADDCLOSEFROM)
  target_compile_definitions(hbrsync_options INTERFACE HBRSYNC_HAVE_ADDCLOSEFROM)
endif()
if(HBRSYNC_SANITIZE)
  target_compile_options(hbrsync_options INTERFACE
    -fsanitize=${HBRSYNC_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(hbrsync_options INTERFACE -fsanitize=${HBRSYNC_SANITIZE})
else()
  foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)
    string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
    check_c_compiler_flag(${flag} ${have})
    if(${have})
      target_compile_options(hbrsync_options INTERFACE ${flag})
    endif()
  endforeach()
  target_compile_options(hbrsync_options INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
  target_link_options(hbrsync_options INTERFACE -Wl,-z,relro -Wl,-z,now)
endif()
