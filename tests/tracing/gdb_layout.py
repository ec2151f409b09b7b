# SPDX-License-Identifier: BSD-2-Clause
"""For gdb: offset, bytes and name of every leaf of each type in the environment
variable TYPES (one a line), from DWARF.  An independent word on what kshm's types
say."""
import os

import gdb


def strip(t):
    while t.code == gdb.TYPE_CODE_TYPEDEF or t != t.unqualified():
        t = t.strip_typedefs().unqualified()
    return t


def walk(t, path, bits, width):
    t = strip(t)
    if t.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        for f in t.fields():
            dot = "." if path and f.name else ""
            walk(f.type, path + dot + (f.name or ""), bits + f.bitpos,
                 f.bitsize)
    elif t.code == gdb.TYPE_CODE_ARRAY:
        low, high = t.range()
        each = strip(t.target())
        count = max(0, high - low + 1)
        if each.code == gdb.TYPE_CODE_INT and each.sizeof == 1 \
                and each.name == "char":
            leaf(path, bits, count * 8)
            return
        for i in range(count):
            walk(each, f"{path}[{i}]", bits + i * each.sizeof * 8, 0)
    else:
        leaf(path, bits, width or t.sizeof * 8)


def leaf(path, bits, width):
    print(f"{bits // 8} {(width + 7) // 8} {path or 'value'}")


for name in os.environ["TYPES"].split("\n"):
    print("type", name)
    walk(gdb.lookup_type(name), "", 0, 0)
