# SPDX-License-Identifier: BSD-2-Clause
# How kernel code is compiled: once for each machine.  A kernel folder's
# CMakeLists.txt says
#	kernel_sources(a.c b.c)
# and each machine links its target kernel_objs_MACHINE.  A folder that only
# some machines have sets KERNEL_MACHINES first.

execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=include
    OUTPUT_VARIABLE compiler_include OUTPUT_STRIP_TRAILING_WHITESPACE)

# The checkers know memory as the host gives it, and counts are written to its
# files: they need the vkernel.
set(MACHINES vkernel)
if(NOT MAYFLY_MEMCHECK AND NOT MAYFLY_KASAN AND NOT MAYFLY_COVERAGE)
	list(APPEND MACHINES pc64)
endif()
set(KERNEL_MACHINES ${MACHINES})

set(KERNEL_CFLAGS -ffreestanding -nostdinc -isystem ${compiler_include}
    -fno-pie -mgeneral-regs-only -fno-strict-aliasing -fno-omit-frame-pointer
    -fno-stack-protector -fno-asynchronous-unwind-tables
    -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wundef
    -Wno-unused-parameter -Wno-missing-field-initializers)
set(KERNEL_CFLAGS_vkernel)
set(KERNEL_CFLAGS_pc64 -mcmodel=kernel -mno-red-zone -fcf-protection=none)
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
	    -fsanitize-address-use-after-scope --param=asan-stack=1
	    --param=asan-globals=1)
endif()

if(MAYFLY_COVERAGE)
	list(APPEND KERNEL_CFLAGS --coverage -fprofile-update=atomic
	    -Wno-error=maybe-uninitialized)
endif()

# kernel_library(NAME MACHINE): an empty object library of kernel code.
function(kernel_library name machine)
	add_library(${name} OBJECT)
	target_compile_options(${name} PRIVATE
	    $<$<COMPILE_LANGUAGE:C>:${KERNEL_CFLAGS}>
	    $<$<COMPILE_LANGUAGE:C>:${KERNEL_CFLAGS_${machine}}>)
	target_include_directories(${name} PRIVATE ${KERNEL_INCLUDES}
	    ${PROJECT_SOURCE_DIR}/src/sys/platform/${machine}/include)
	target_compile_definitions(${name} PRIVATE ${KERNEL_DEFINES})
endfunction()
foreach(m IN LISTS MACHINES)
	kernel_library(kernel_objs_${m} ${m})
endforeach()

function(kernel_sources)
	foreach(m IN LISTS KERNEL_MACHINES)
		if(m IN_LIST MACHINES)
			list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/
			    OUTPUT_VARIABLE files)
			target_sources(kernel_objs_${m} PRIVATE ${files})
		endif()
	endforeach()
endfunction()

# kernel_types(LINKED OBJECT VARIABLE): commands that make OBJECT with the types
# (BTF) of the linked file, for the shared segment (kern/kshm).  The types do not
# depend on where the linker puts things, so any link of the same objects does.
find_program(PAHOLE pahole REQUIRED)
function(kernel_types linked object variable)
	file(CONFIGURE OUTPUT ${object}.S CONTENT "\
	.section kshm_types, \"aw\"
	.balign 8
	.incbin \"${object}.btf\"
	.section .note.GNU-stack, \"\", @progbits
")
	set(${variable}
	    COMMAND ${PAHOLE} -J --btf_encode_detached=${object}.btf ${linked}
	    COMMAND ${CMAKE_C_COMPILER} -c -o ${object} ${object}.S
	    PARENT_SCOPE)
endfunction()
