# SPDX-License-Identifier: BSD-2-Clause
"""For gdb, attached to a vkernel, which it has stopped: the value of every leaf of
the objects in the environment variable OBJECTS ("offset type" lines; offsets in
the linked part of the segment), as kshm cat would print it, from DWARF.  Then the
command in KSHM_CAT runs, while nothing moves."""
import os

import gdb


def strip(t):
    while t.code == gdb.TYPE_CODE_TYPEDEF or t != t.unqualified():
        t = t.strip_typedefs().unqualified()
    return t


def walk(v, path):
    t = strip(v.type)
    if t.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        for f in t.fields():
            dot = "." if path and f.name else ""
            walk(v[f], path + dot + (f.name or ""))
    elif t.code == gdb.TYPE_CODE_ARRAY:
        low, high = t.range()
        each = strip(t.target())
        if each.code == gdb.TYPE_CODE_INT and each.sizeof == 1 \
                and each.name == "char":
            return
        for i in range(max(0, high - low + 1)):
            walk(v[i], f"{path}[{i}]")
    elif t.code == gdb.TYPE_CODE_PTR:
        print(f"{path or 'value'} = 0x{int(v):x}")
    elif t.code == gdb.TYPE_CODE_BOOL:
        print(f"{path or 'value'} = {'true' if int(v) else 'false'}")
    elif t.code == gdb.TYPE_CODE_ENUM:
        print(f"{path or 'value'} = {v}")
    else:
        print(f"{path or 'value'} = {int(v)}")


start = int(gdb.parse_and_eval("(unsigned long)&kshm_static_start"))
for line in os.environ["OBJECTS"].split("\n"):
    offset, name = line.split(" ", 1)
    t = gdb.lookup_type(name)
    print("object", line)
    walk(gdb.Value(start + int(offset)).cast(t.pointer()).dereference(), "")
print("now kshm")
gdb.execute("shell " + os.environ["KSHM_CAT"])
