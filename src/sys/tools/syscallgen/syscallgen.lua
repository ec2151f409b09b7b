-- SPDX-License-Identifier: BSD-2-Clause
-- From one syscalls.master to everything that knows system-call numbers.
--
--	lua5.4 syscallgen.lua MASTER OUTDIR
--
-- A master file has one header line and one line per number:
--
--	abi linux64 prefix linux
--	NUMBER STATE[,FLAG...] NAME(TYPE ARG, ...) [| note]
--
-- STATE is full, partial or absent (ENOSYS); FLAG is norestart (EINTR after a
-- handler whatever SA_RESTART says) or samestack (the call returns twice on one
-- stack: its stub keeps the return address in a register).  "#" starts a comment.  An argument of
-- pointer type is a user address (uaddr_t) for the kernel.
--
-- Outputs in OUTDIR: ABI_sysproto.h (argument structures, prototypes),
-- ABI_sysent.c (the table), ABI_stubs.S and ABI_stubs.h (user-side entry
-- points), ABI_syscalls.md (documentation).

local function die(file, n, msg)
	io.stderr:write(string.format("%s:%d: %s\n", file, n, msg))
	os.exit(1)
end

local function trim(s)
	return (s:gsub("^%s+", ""):gsub("%s+$", ""))
end

local states = { full = "SE_FULL", partial = "SE_PARTIAL",
	absent = "SE_ABSENT" }
local flags = { norestart = "SEF_NORESTART" }

-- "const char *path" -> { type = "const char *", name = "path" }
local function parse_arg(text)
	local ty, name = text:match("^(.-)([%a_][%w_]*)$")
	if not ty or trim(ty) == "" then
		return nil
	end
	ty = trim(ty)
	return { type = ty, name = name, text = text,
		ktype = ty:find("*", 1, true) and "uaddr_t" or ty }
end

local function parse_args(text)
	local args = {}
	if text == nil or trim(text) == "" or trim(text) == "void" then
		return args
	end
	for part in (text .. ","):gmatch("(.-),") do
		local a = parse_arg(trim(part))
		if not a then
			return nil
		end
		args[#args + 1] = a
	end
	return args
end

local function parse_line(file, n, line)
	local body, note = line:match("^(.-)|(.*)$")
	body = trim(body or line)
	local nr, attrs, name, rest = body:match(
	    "^(%d+)%s+([%a,]+)%s+([%a_][%w_]*)(.*)$")
	if not nr then
		die(file, n, "cannot read this line")
	end
	local e = { nr = tonumber(nr), name = name, note = trim(note or ""),
		flags = {} }
	for attr in attrs:gmatch("%a+") do
		if states[attr] then
			e.state = attr
		elseif attr == "samestack" then
			e.samestack = true
		elseif flags[attr] then
			e.flags[#e.flags + 1] = flags[attr]
		else
			die(file, n, "unknown attribute " .. attr)
		end
	end
	if not e.state then
		die(file, n, "no state")
	end
	rest = trim(rest)
	if rest ~= "" then
		e.args = parse_args(rest:match("^%((.*)%)$"))
	elseif e.state == "absent" then
		e.args = {}
	end
	if not e.args or #e.args > 6 then
		die(file, n, "bad argument list")
	end
	return e
end

local function read_master(file)
	local m = { calls = {}, by = {} }
	local n = 0
	for line in io.lines(file) do
		n = n + 1
		line = trim((line:gsub("#.*$", "")))
		if line ~= "" and not m.abi then
			m.abi, m.prefix = line:match("^abi%s+(%w+)%s+prefix%s+(%w+)$")
			if not m.abi then
				die(file, n, "header expected")
			end
		elseif line ~= "" then
			local e = parse_line(file, n, line)
			if m.by[e.nr] then
				die(file, n, "number used twice: " .. e.nr)
			end
			m.by[e.nr] = e
			m.calls[#m.calls + 1] = e
		end
	end
	table.sort(m.calls, function(a, b) return a.nr < b.nr end)
	return m
end

local function open(dir, name)
	local f = assert(io.open(dir .. "/" .. name, "w"))
	return f, function(fmt, ...)
		f:write(string.format(fmt, ...))
	end
end

local head = "/* Generated from syscalls.master by syscallgen.lua. */\n"

local function args_text(e)
	local t = {}
	for _, a in ipairs(e.args) do
		t[#t + 1] = a.text
	end
	return table.concat(t, ", ")
end

-- Handlers are shared when two numbers name the same call.
local function each_handler(m, f)
	local seen = {}
	for _, e in ipairs(m.calls) do
		if e.state ~= "absent" and not seen[e.name] then
			seen[e.name] = true
			f(e)
		end
	end
end

local function write_proto(m, dir)
	local f, p = open(dir, m.abi .. "_sysproto.h")
	local guard = m.abi:upper() .. "_SYSPROTO_H"
	p("%s#ifndef %s\n#define %s\n\n", head, guard, guard)
	p("#include <sys/types.h>\n#include <sys/abi.h>\n\nstruct lwp;\n")
	each_handler(m, function(e)
		local fn = m.prefix .. "_" .. e.name
		p("\nstruct %s_args {\n", fn)
		for _, a in ipairs(e.args) do
			p("\tunion {\n\t\t%s %s;\n\t\tuint64_t w_%s;\n\t};\n",
			    a.ktype, a.name, a.name)
		end
		if #e.args == 0 then
			p("\tuint64_t w_none;\n")
		end
		p("};\n")
		p("int %s(struct lwp *lp, const struct %s_args *uap,\n" ..
		    "    uint64_t *resp);\n", fn, fn)
	end)
	p("\nextern const struct sysent %s_sysent[];\n", m.abi)
	p("extern uint32_t %s_failures[];\n", m.abi)
	p("#define %s_NSYS %d\n\n#endif\n", m.abi:upper(),
	    m.calls[#m.calls].nr + 1)
	f:close()
end

local function write_table(m, dir)
	local f, p = open(dir, m.abi .. "_sysent.c")
	p("%s#include \"%s_sysproto.h\"\n", head, m.abi)
	each_handler(m, function(e)
		local fn = m.prefix .. "_" .. e.name
		p("\nstatic int\ncall_%s(struct lwp *lp, const void *args, " ..
		    "uint64_t *resp)\n{\n\treturn (%s(lp, args, resp));\n}\n",
		    e.name, fn)
	end)
	p("\nuint32_t %s_failures[%s_NSYS];\n", m.abi, m.abi:upper())
	p("\nconst struct sysent %s_sysent[%s_NSYS] = {\n", m.abi,
	    m.abi:upper())
	for _, e in ipairs(m.calls) do
		p("\t[%d] = { %s, \"%s\", \"%s\", %d, %s, %s },\n", e.nr,
		    e.state ~= "absent" and "call_" .. e.name or "NULL",
		    e.name, args_text(e), #e.args, states[e.state],
		    #e.flags > 0 and table.concat(e.flags, " | ") or "0")
	end
	p("};\n")
	f:close()
end

-- The carry flag says that rax is an error number.
local function write_stubs(m, dir)
	local f, p = open(dir, m.abi .. "_stubs.S")
	p("%s\t.text\n", head)
	each_handler(m, function(e)
		local fn = "sys_" .. e.name
		p("\n\t.globl\t%s\n\t.type\t%s, @function\n%s:\n", fn, fn, fn)
		if e.samestack then
			p("\tpopq\t%%r9\n")
		end
		p("\tmovl\t$%d, %%eax\n", e.nr)
		if #e.args > 3 then
			p("\tmovq\t%%rcx, %%r10\n")
		end
		p("\tsyscall\n")
		if e.samestack then
			p("\tpushq\t%%r9\n")
		end
		p("\tjc\t__sys_error\n\tret\n")
		p("\t.size\t%s, . - %s\n", fn, fn)
	end)
	p("\n\t.section .note.GNU-stack, \"\", @progbits\n")
	f:close()
end

local function write_user_header(m, dir)
	local f, p = open(dir, m.abi .. "_stubs.h")
	local guard = m.abi:upper() .. "_STUBS_H"
	local seen = {}
	p("%s#ifndef %s\n#define %s\n\n#include <sys/types.h>\n\n", head, guard,
	    guard)
	each_handler(m, function(e)
		for _, a in ipairs(e.args) do
			local s = a.type:match("struct%s+([%w_]+)")
			if s and not seen[s] then
				seen[s] = true
				p("struct %s;\n", s)
			end
		end
	end)
	p("\nextern int errno;\n\n/* -1 and errno on failure. */\n")
	each_handler(m, function(e)
		p("int64_t sys_%s(%s);\n", e.name,
		    #e.args > 0 and args_text(e) or "void")
	end)
	p("\n#endif\n")
	f:close()
end

local function write_doc(m, dir)
	local f, p = open(dir, m.abi .. "_syscalls.md")
	local count = { full = 0, partial = 0, absent = 0 }
	for _, e in ipairs(m.calls) do
		count[e.state] = count[e.state] + 1
	end
	p("# System calls of the %s ABI\n\n", m.abi)
	p("%d full, %d partial, %d absent (ENOSYS).\n\n", count.full,
	    count.partial, count.absent)
	p("| number | call | state | note |\n|---:|---|---|---|\n")
	for _, e in ipairs(m.calls) do
		p("| %d | `%s(%s)` | %s | %s |\n", e.nr, e.name, args_text(e),
		    e.state, e.note)
	end
	f:close()
end

if #arg ~= 2 then
	io.stderr:write("usage: syscallgen.lua MASTER OUTDIR\n")
	os.exit(2)
end
local m = read_master(arg[1])
write_proto(m, arg[2])
write_table(m, arg[2])
write_stubs(m, arg[2])
write_user_header(m, arg[2])
write_doc(m, arg[2])
