-- SPDX-License-Identifier: BSD-2-Clause
-- The cases of test sources, for the ATF proxy:
--	lua cases.lua OUTPUT SOURCE...
-- finds KTEST(name, "question"), GTEST(...) and CANARY(name, expect, "...").
local out = assert(io.open(arg[1], "w"))
local seen, count = {}, 0
for i = 2, #arg do
	local f = assert(io.open(arg[i]))
	local text = f:read("a")
	f:close()
	for macro, args in text:gmatch("\n(%u+)(%b())") do
		local kind = ({ KTEST = "k", GTEST = "g", KCANARY = "k",
		    GCANARY = "g" })[macro]
		if kind then
			local name, expect, question
			if macro:find("CANARY") then
				name, expect, question = args:match(
				    '^%(%s*([%w_]+),%s*(%l+),%s*"(.-)"%s*%)$')
			else
				name, question = args:match(
				    '^%(%s*([%w_]+),%s*"(.-)"%s*%)$')
				expect = "pass"
			end
			assert(name, arg[i] .. ": cannot read " .. args)
			assert(not seen[name], arg[i] .. ": twice: " .. name)
			seen[name] = true
			count = count + 1
			question = question:gsub('"%s*"', "")
			out:write(("%s|%s|%s|%s\n"):format(kind, name, expect,
			    question))
		end
	end
end
out:close()
assert(count > 0, "no cases in " .. arg[2])
