# SPDX-License-Identifier: BSD-2-Clause
# How kernel code is compiled.  A kernel folder's CMakeLists.txt says
#	kernel_sources(a.c b.c)
# and the machine links target kernel_objs.

execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=include
    OUTPUT_VARIABLE compiler_include OUTPUT_STRIP_TRAILING_WHITESPACE)

set(KERNEL_CFLAGS -ffreestanding -nostdinc -isystem ${compiler_include}
    -fno-pie -mgeneral-regs-only -fno-strict-aliasing -fno-omit-frame-pointer
    -fno-stack-protector -fno-asynchronous-unwind-tables
    -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wundef
    -Wno-unused-parameter -Wno-missing-field-initializers)
set(KERNEL_INCLUDES ${PROJECT_SOURCE_DIR}/src/sys
    ${PROJECT_SOURCE_DIR}/src/sys/cpu/x86_64/include
    ${PROJECT_BINARY_DIR}/gen)
set(KERNEL_DEFINES _KERNEL)
if(MAYFLY_INVARIANTS)
	list(APPEND KERNEL_DEFINES INVARIANTS)
endif()
if(MAYFLY_MEMCHECK)
	list(APPEND KERNEL_DEFINES MEMCHECK)
endif()
if(MAYFLY_KASAN)
	list(APPEND KERNEL_DEFINES KASAN)
	list(APPEND KERNEL_CFLAGS -fsanitize=kernel-address
	    -fasan-shadow-offset=0x7fff8000
	    --param=asan-instrumentation-with-call-threshold=0
	    --param=asan-stack=0 --param=asan-globals=0)
endif()

add_library(kernel_objs OBJECT)
target_compile_options(kernel_objs PRIVATE
    $<$<COMPILE_LANGUAGE:C>:${KERNEL_CFLAGS}>)
target_include_directories(kernel_objs PRIVATE ${KERNEL_INCLUDES}
    ${PROJECT_SOURCE_DIR}/src/sys/platform/vkernel/include)
target_compile_definitions(kernel_objs PRIVATE ${KERNEL_DEFINES})

function(kernel_sources)
	foreach(f IN LISTS ARGN)
		target_sources(kernel_objs PRIVATE
		    ${CMAKE_CURRENT_SOURCE_DIR}/${f})
	endforeach()
endfunction()
