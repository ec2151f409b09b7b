# SPDX-License-Identifier: BSD-2-Clause
# syscall_table(ABI MASTER): run the generator at build time and compile the
# table into the kernel.  Outputs are in ${PROJECT_BINARY_DIR}/gen.
find_program(LUA lua5.4 REQUIRED)
set(SYSCALLGEN ${CMAKE_CURRENT_LIST_DIR}/syscallgen.lua)

function(syscall_table abi master)
	set(gen ${PROJECT_BINARY_DIR}/gen)
	file(MAKE_DIRECTORY ${gen})
	set(outputs ${gen}/${abi}_sysproto.h ${gen}/${abi}_sysent.c
	    ${gen}/${abi}_stubs.S ${gen}/${abi}_stubs.h
	    ${gen}/${abi}_syscalls.md)
	add_custom_command(OUTPUT ${outputs}
	    COMMAND ${LUA} ${SYSCALLGEN} ${master} ${gen}
	    DEPENDS ${SYSCALLGEN} ${master}
	    COMMENT "System-call table of ${abi}" VERBATIM)
	add_custom_target(syscalls_${abi} DEPENDS ${outputs})
	foreach(m IN LISTS MACHINES)
		add_dependencies(kernel_objs_${m} syscalls_${abi})
		list(APPEND objs kernel_objs_${m})
	endforeach()
	set_source_files_properties(${gen}/${abi}_sysent.c
	    TARGET_DIRECTORY ${objs} PROPERTIES GENERATED TRUE)
	foreach(m IN LISTS MACHINES)
		target_sources(kernel_objs_${m} PRIVATE ${gen}/${abi}_sysent.c)
	endforeach()
endfunction()
