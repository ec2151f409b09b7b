/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lua's side of libkshm.
 *
 *	k = kshm.attach(where)		nil and a text on failure
 *	k:info()			{name=, version=, state=, panic=, cpus=}
 *	k:objects()			{ {path=, type=, size=, count=, class=}... }
 *	k:read(path [, i])		the object as a table: structures by member,
 *					arrays from 1; i from 1
 *	k:events([at_end])		an iterator over the merged records there are
 *	k:counts()			seen, lost of the last events()
 *	k:save(file)
 */
#include <stdlib.h>
#include <string.h>
#include <lauxlib.h>
#include "kshm_lua.h"

#define KERNEL "kshm.kernel"

struct kernel {
	struct kshm *k;
	bool ours;
	struct kshm_merge *merge;
};

static struct kernel *
kernel(lua_State *L)
{
	struct kernel *kn = luaL_checkudata(L, 1, KERNEL);

	luaL_argcheck(L, kn->k != NULL, 1, "detached");
	return (kn);
}

static struct kernel *
new_kernel(lua_State *L)
{
	struct kernel *kn = lua_newuserdatauv(L, sizeof(*kn), 0);

	memset(kn, 0, sizeof(*kn));
	luaL_setmetatable(L, KERNEL);
	return (kn);
}

void
kshm_lua_push(lua_State *L, struct kshm *k)
{
	new_kernel(L)->k = k;
}

static int
failure(lua_State *L)
{
	lua_pushnil(L);
	lua_pushstring(L, kshm_error());
	return (2);
}

static int
l_attach(lua_State *L)
{
	const char *where = luaL_checkstring(L, 1);
	struct kernel *kn = new_kernel(L);

	if (kshm_attach(where, &kn->k) != 0)
		return (failure(L));
	kn->ours = true;
	return (1);
}

static int
l_detach(lua_State *L)
{
	struct kernel *kn = luaL_checkudata(L, 1, KERNEL);

	kshm_merge_free(kn->merge);
	if (kn->ours)
		kshm_detach(kn->k);
	memset(kn, 0, sizeof(*kn));
	return (0);
}

static void
set_text(lua_State *L, const char *key, const char *text, size_t max)
{
	lua_pushlstring(L, text, strnlen(text, max));
	lua_setfield(L, -2, key);
}

static void
set_number(lua_State *L, const char *key, uint64_t v)
{
	lua_pushinteger(L, (lua_Integer)v);
	lua_setfield(L, -2, key);
}

static int
l_info(lua_State *L)
{
	static const char *const states[] = {
	    "booting", "running", "stopped", "panicked"};
	const struct kshm_header *kh = kshm_header(kernel(L)->k);

	lua_newtable(L);
	set_text(L, "name", kh->kh_name, sizeof(kh->kh_name));
	set_text(L, "version", kh->kh_version, sizeof(kh->kh_version));
	set_text(L, "panic", kh->kh_panic, sizeof(kh->kh_panic));
	set_text(L, "state", states[kh->kh_state % 4], 16);
	set_number(L, "cpus", kh->kh_ncpus);
	set_number(L, "bytes", kh->kh_bytes);
	return (1);
}

static int
l_objects(lua_State *L)
{
	struct kshm *k = kernel(L)->k;

	lua_newtable(L);
	for (size_t i = 0; i < kshm_objects(k); i++) {
		const struct kshm_object *ko = kshm_object(k, i);

		lua_newtable(L);
		set_text(L, "path", ko->ko_path, sizeof(ko->ko_path));
		set_text(L, "type", ko->ko_type, sizeof(ko->ko_type));
		set_number(L, "size", ko->ko_size);
		set_number(L, "count", ko->ko_count);
		set_number(L, "class", ko->ko_class);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	return (1);
}

/* Descend from the table on top by one step of a path; makes what is missing. */
static void
step(lua_State *L, const char *p, size_t n)
{
	if (*p == '[')
		lua_pushinteger(L, atoi(p + 1) + 1);
	else
		lua_pushlstring(L, p, n);
	lua_pushvalue(L, -1);
	if (lua_rawget(L, -3) != LUA_TTABLE) {
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -2);
		lua_pushvalue(L, -2);
		lua_rawset(L, -5);
	}
	lua_remove(L, -2);
	lua_remove(L, -2);
}

static int
set_leaf(const struct kshm_leaf *l, void *arg)
{
	lua_State *L = arg;
	const char *p = l->path, *end;

	lua_pushvalue(L, -1);
	for (;; p = end) {
		p += *p == '.';
		/* A long path is cut, maybe behind a '['. */
		end = p + (*p == '[' ? strcspn(p, "]") : strcspn(p, ".["));
		end += *end == ']';
		if (*end == '\0')
			break;
		step(L, p, (size_t)(end - p));
	}
	if (*p == '[')
		lua_pushinteger(L, atoi(p + 1) + 1);
	else
		lua_pushstring(L, *p != '\0' ? p : "value");
	if (l->kind == KSHM_CHARS)
		lua_pushlstring(L, l->text, strnlen(l->text, l->size));
	else if (l->kind == KSHM_ENUM && l->text != NULL)
		lua_pushstring(L, l->text);
	else if (l->kind == KSHM_BOOLEAN)
		lua_pushboolean(L, l->value != 0);
	else
		lua_pushinteger(L, (lua_Integer)l->value);
	lua_rawset(L, -3);
	lua_pop(L, 1);
	return (0);
}

static int
l_read(lua_State *L)
{
	struct kshm *k = kernel(L)->k;
	const struct kshm_object *ko = kshm_find(k, luaL_checkstring(L, 2));
	uint32_t i = (uint32_t)luaL_optinteger(L, 3, 1) - 1;
	uint32_t id;
	void *buf;

	if (ko == NULL)
		return (luaL_error(L, "no such object"));
	id = kshm_type_id(k, ko->ko_type);
	if (id == 0 || kshm_type_size(k, id) != ko->ko_size)
		return (luaL_error(L, "its type is not known"));
	buf = lua_newuserdatauv(L, ko->ko_size, 0);
	if (kshm_read(k, ko, i, buf) != 0)
		return (failure(L));
	lua_newtable(L);
	(void)kshm_walk(k, id, buf, set_leaf, L);
	return (1);
}

void
kshm_lua_push_record(
    lua_State *L, struct kshm *k, const struct kshm_record *kr, uint32_t cpu)
{
	const struct kshm_event *ke = kshm_event(k, kr->kr_id);
	struct kshm_field fields[KSHM_EVENT_ARGS];
	size_t n = ke != NULL ? kshm_event_fields(k, ke, fields) : 0;
	char bytes[KSHM_CHARS_MAX];
	const char *text;

	lua_createtable(L, 0, 12);
	for (size_t i = 0; i < n; i++) {
		uint64_t v = kr->kr_args[i];

		text = kshm_field_text(k, &fields[i], i, kr, bytes);
		if (text != NULL)
			set_text(L, fields[i].name, text, 256);
		else if (strcmp(fields[i].conv, "d") == 0)
			set_number(
			    L, fields[i].name, (uint64_t)(int64_t)(int32_t)v);
		else
			set_number(L, fields[i].name, v);
	}
	if (ke != NULL) {
		set_text(L, "name", kshm_text(k, ke->ke_name), 256);
		set_text(L, "group", kshm_text(k, ke->ke_group_name), 256);
	}
	set_number(L, "cpu", cpu);
	set_number(L, "thread", kr->kr_thread);
	set_number(L, "ns", (uint64_t)kshm_time_ns(k, kr->kr_time));
}

static int
next_event(lua_State *L)
{
	struct kernel *kn = luaL_checkudata(L, 1, KERNEL);
	struct kshm_record kr;
	uint32_t cpu;

	if (kn->merge == NULL ||
	    !kshm_merge_next(kn->merge, &kr, &cpu, 0, true))
		return (0);
	kshm_lua_push_record(L, kn->k, &kr, cpu);
	return (1);
}

static int
l_events(lua_State *L)
{
	struct kernel *kn = kernel(L);

	kshm_merge_free(kn->merge);
	kn->merge = kshm_merge_new(kn->k, lua_toboolean(L, 2) != 0);
	lua_pushcfunction(L, next_event);
	lua_pushvalue(L, 1);
	return (2);
}

static int
l_counts(lua_State *L)
{
	struct kernel *kn = kernel(L);
	uint64_t seen = 0, lost = 0;

	if (kn->merge != NULL)
		kshm_merge_counts(kn->merge, &seen, &lost);
	lua_pushinteger(L, (lua_Integer)seen);
	lua_pushinteger(L, (lua_Integer)lost);
	return (2);
}

static int
l_save(lua_State *L)
{
	if (kshm_save(kernel(L)->k, luaL_checkstring(L, 2)) != 0)
		return (failure(L));
	lua_pushboolean(L, 1);
	return (1);
}

static const luaL_Reg methods[] = {{"info", l_info}, {"objects", l_objects},
    {"read", l_read}, {"events", l_events}, {"counts", l_counts},
    {"save", l_save}, {"detach", l_detach}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"attach", l_attach}, {NULL, NULL}};

int
luaopen_kshm(lua_State *L)
{
	if (luaL_newmetatable(L, KERNEL) != 0) {
		luaL_newlib(L, methods);
		lua_setfield(L, -2, "__index");
		lua_pushcfunction(L, l_detach);
		lua_setfield(L, -2, "__gc");
	}
	lua_pop(L, 1);
	luaL_newlib(L, functions);
	return (1);
}
