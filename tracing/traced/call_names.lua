-- SPDX-License-Identifier: BSD-2-Clause
-- Names of system calls by number: lua5.4 call_names.lua OUT ABI MASTER ...
local out = assert(io.open(arg[1], "w"))
local abis = {}

out:write("/* Made by call_names.lua. */\n")
for i = 2, #arg, 2 do
	local abi, last, names = arg[i], -1, {}
	for line in io.lines(arg[i + 1]) do
		local nr, name = line:match("^(%d+)%s+%S+%s+([%w_]+)%s*%(")
		if nr then
			names[tonumber(nr)] = name
			last = math.max(last, tonumber(nr))
		end
	end
	out:write(string.format("static const char *const %s_names[] = {\n", abi))
	for nr = 0, last do
		if names[nr] then
			out:write(string.format("\t[%d] = \"%s\",\n", nr, names[nr]))
		end
	end
	out:write("};\n")
	abis[#abis + 1] = string.format("\t{\"%s\", %s_names, %d},\n", abi, abi,
	    last + 1)
end
out:write("static const struct call_names all_call_names[] = {\n",
    table.concat(abis), "};\n")
out:close()
