/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Lua script over the events; the same for a live, a dead and a saved kernel.
 * The script may define
 *	start(kernel)	before the first event
 *	event(e)	for each chosen one: e.name, e.group, e.cpu, e.thread,
 *			e.ns, and its fields
 *	finish(seen, lost)
 * and has the module kshm (liblua's kshm.c) with the kernel that is dumped as
 * the global "kernel".
 */
#include <stdlib.h>
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#include <kshm_lua.h>
#include "ktrdump.h"

static const char *script;
static lua_State *L;

void
lua_script(const char *path)
{
	script = path;
}

static void
call(int nargs)
{
	if (lua_pcall(L, nargs, 0, 0) != LUA_OK)
		die("%s", lua_tostring(L, -1));
}

static void
lua_open(struct kshm *k, const char *path)
{
	if (path != NULL)
		die("--script writes by itself: no --to");
	if ((L = luaL_newstate()) == NULL)
		die("out of memory");
	luaL_openlibs(L);
	luaL_requiref(L, "kshm", luaopen_kshm, 1);
	lua_pop(L, 1);
	kshm_lua_push(L, k);
	lua_setglobal(L, "kernel");
	if (luaL_dofile(L, script) != LUA_OK)
		die("%s", lua_tostring(L, -1));
	if (lua_getglobal(L, "start") == LUA_TFUNCTION) {
		lua_getglobal(L, "kernel");
		call(1);
	} else
		lua_pop(L, 1);
}

static void
lua_record(struct kshm *k, const struct kshm_record *kr, uint32_t cpu)
{
	if (lua_getglobal(L, "event") != LUA_TFUNCTION) {
		lua_pop(L, 1);
		return;
	}
	kshm_lua_push_record(L, k, kr, cpu);
	call(1);
}

static void
lua_finish(struct kshm *k, uint64_t seen, uint64_t lost)
{
	(void)k;
	if (lua_getglobal(L, "finish") == LUA_TFUNCTION) {
		lua_pushinteger(L, (lua_Integer)seen);
		lua_pushinteger(L, (lua_Integer)lost);
		call(2);
	}
	lua_close(L);
	fflush(stdout);
}

const struct sink sink_lua = {"lua", lua_open, lua_record, lua_finish};
