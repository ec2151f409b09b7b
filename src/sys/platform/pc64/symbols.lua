-- SPDX-License-Identifier: BSD-2-Clause
-- symbols.lua [NM-OUTPUT] > symbols.S: the table that symbol.c reads.  Without
-- a file, an empty one, for the first link.
local start, list = nil, {}
if arg[1] then
	for line in io.lines(arg[1]) do
		local at, kind, name = line:match("^(%x+) (%a) (%S+)$")
		if name == "kernel_start_va" then
			start = tonumber(at, 16)
		elseif name and kind:match("[tTwW]") and not name:match("^%.L") then
			list[#list + 1] = { tonumber(at, 16), name }
		end
	end
	assert(start, "symbols.lua: no kernel_start_va in " .. arg[1])
	table.sort(list, function(a, b)
		if a[1] ~= b[1] then return math.ult(a[1], b[1]) end
		return a[2] < b[2]
	end)
end
print('\t.section .symbols, "a"\n\t.globl symbols_count, symbols_table, symbols_names')
print("\t.balign 8\nsymbols_count:")
print(("\t.long %d\n\t.balign 8\nsymbols_table:"):format(#list))
local off = 0
for _, s in ipairs(list) do
	print(("\t.long %d, %d"):format(s[1] - start, off))
	off = off + #s[2] + 1
end
print("symbols_names:")
for _, s in ipairs(list) do
	print(('\t.asciz "%s"'):format(s[2]))
end
print('\t.byte 0\n\t.section .note.GNU-stack, "", @progbits')
