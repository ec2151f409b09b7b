/* SPDX-License-Identifier: BSD-2-Clause */
/* libkshm for Lua 5.4: require "kshm"; kshm(3) has the functions. */
#ifndef KSHM_LUA_H
#define KSHM_LUA_H

#include <lua.h>
#include "kshm.h"

int luaopen_kshm(lua_State *L);
/* A kernel that somebody else attached to and detaches from. */
void kshm_lua_push(lua_State *L, struct kshm *k);
/* A table of the record. */
void kshm_lua_push_record(
    lua_State *L, struct kshm *k, const struct kshm_record *kr, uint32_t cpu);

#endif
