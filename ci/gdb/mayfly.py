# SPDX-License-Identifier: BSD-2-Clause
"""gdb commands for Mayfly's kernel, as a vkernel or on the PC in QEMU:

    mayfly threads     every kernel thread: CPU, state, wait, and its process
    mayfly ps          every process
    mayfly cpus        what each CPU runs, and which of gdb's threads it is
    mayfly bt THREAD   the stack of a thread: its address, id or name

The first two also go by "threads" and "ps".  Used by ci/boot --gdb; by hand:

    gdb -p PID -x ci/gdb/mayfly.py                            a vkernel
    gdb build/debug/pc64-kernel.elf -x ci/gdb/mayfly.py \\
        -ex 'target remote :1234'                             pc64 --gdb
"""
import gdb

STATES = ["new", "ready", "running", "sleep", "exited"]
SWITCH_RBP = 32  # of cpu_switch's frame, as CPU_SWITCH_RBP


def value(expression):
    """A global, wherever gdb stands: user code knows no symbol."""
    return gdb.parse_and_eval(expression)


def tailq(head, link):
    elm = head["tqh_first"]
    while int(elm):
        yield elm
        elm = elm[link]["tqe_next"]


def text(array):
    return array.string(errors="replace")


def all_threads():
    return tailq(value("all_threads"), "td_all")


def all_cpus():
    for i in range(int(value("ncpus"))):
        yield value(f"cpus[{i}]")


def register(name):
    try:
        return int(gdb.selected_frame().read_register(name)) & (1 << 64) - 1
    except (gdb.error, ValueError):
        return 0


def cpu_threads():
    """gdb's thread of each CPU, by the GS base: {address of struct cpu: thread}."""
    known = {int(c) for c in all_cpus()}
    before, found = gdb.selected_thread(), {}
    for t in gdb.selected_inferior().threads():
        t.switch()
        # In user mode on the PC the kernel's base is the swapped one.
        for name in ("gs_base", "k_gs_base"):
            base = register(name)
            if base in known:
                found.setdefault(base, t)
    if before is not None:
        before.switch()
    return found


def where(pc):
    symbol = gdb.execute(f"info symbol {pc:#x}", to_string=True).split(" in section")[0].strip()
    line = gdb.find_pc_line(pc)
    if line.symtab is None:
        return symbol
    return f"{symbol} at {line.symtab.filename.split('/src/')[-1]}:{line.line}"


def walk(fp, low, high):
    """By frame pointers, within the stack [low, high)."""
    word = gdb.lookup_type("unsigned long").pointer()
    for depth in range(40):
        if not low <= fp < high - 16:
            break
        frame = gdb.Value(fp).cast(word)
        fp, pc = int(frame[0]), int(frame[1])
        if pc == 0:
            break
        # A return address may lie behind a call that never returns.
        print(f"#{depth:<2} {pc:#x} {where(pc - 1)}")


class Mayfly(gdb.Command):
    """Mayfly's kernel: threads, ps, cpus, bt THREAD."""

    def __init__(self):
        super().__init__("mayfly", gdb.COMMAND_STATUS, prefix=True)


class Threads(gdb.Command):
    """List the kernel's threads, with the guest process of each."""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_STATUS)

    def invoke(self, arg, from_tty):
        print(f"{'THREAD':18} CPU {'STATE':8} {'WAIT':9} {'PID':>6} {'TID':>6} NAME")
        for td in all_threads():
            cpu = td["td_cpu"]
            lwp = td["td_lwp"]
            wait = td["td_wmesg"].string() if int(td["td_wchan"]) else "-"
            pid = int(lwp["lw_proc"]["p_pid"]) if int(lwp) else "-"
            tid = int(lwp["lw_tid"]) if int(lwp) else "-"
            print(f"{int(td):#018x} {int(cpu['c_id']) if int(cpu) else -1:3} "
                  f"{STATES[int(td['td_state'])]:8} {wait:9} {pid:>6} {tid:>6} {text(td['td_name'])}")


class Ps(gdb.Command):
    """List the guest's processes."""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_STATUS)

    def invoke(self, arg, from_tty):
        print(f"{'PID':>6} {'PPID':>6} {'LWPS':>4} COMMAND")
        for p in tailq(value("allproc"), "p_all"):
            parent = int(p["p_parent"]["p_pid"]) if int(p["p_parent"]) else 0
            print(f"{int(p['p_pid']):6} {parent:6} {int(p['p_nlwps']):4} {text(p['p_comm'])}")


class Cpus(gdb.Command):
    """List the CPUs: what each runs, how many wait, gdb's thread."""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_STATUS)

    def invoke(self, arg, from_tty):
        mine = cpu_threads()
        print(f"CPU {'THREAD':18} {'READY':>5} {'IDLE':4} GDB  NAME")
        for c in all_cpus():
            td = c["c_curthread"]
            t = mine.get(int(c))
            print(f"{int(c['c_id']):3} {int(td):#018x} {int(c['c_nready']):5} "
                  f"{'yes' if c['c_idle'] else 'no':4} {t.num if t else '-':<4} {text(td['td_name'])}")


def find_thread(arg):
    """By name, id or address."""
    for td in all_threads():
        lwp = td["td_lwp"]
        if arg == text(td["td_name"]) or int(lwp) and arg == str(int(lwp["lw_tid"])):
            return td
    return value(f"(struct thread *)({arg})")


class Bt(gdb.Command):
    """bt THREAD: the stack of a thread, given by address, id or name."""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_STACK)

    def invoke(self, arg, from_tty):
        if not arg:
            raise gdb.GdbError("which thread?  See mayfly threads")
        td = find_thread(arg)
        low = int(td["td_kstack"])
        if STATES[int(td["td_state"])] == "running":
            t = cpu_threads().get(int(td["td_cpu"]))
            if t is None:
                raise gdb.GdbError("it runs, and gdb does not see its CPU")
            before = gdb.selected_thread()
            t.switch()
            if int(td["td_lwp"]) and register("rip") < 1 << 47 and register("k_gs_base"):
                print(f"in user mode at {register('rip'):#x}")
            else:
                gdb.execute("backtrace -frame-arguments none 40")
            before.switch()
            return
        word = gdb.lookup_type("unsigned long").pointer()
        fp = int((int(td["td_sp"]) + gdb.Value(SWITCH_RBP)).cast(word).dereference())
        walk(fp, low, low + int(td["td_kstack_bytes"]))


Mayfly()
for make, names in ((Threads, ("mayfly threads", "threads")), (Ps, ("mayfly ps", "ps")),
                    (Cpus, ("mayfly cpus",)), (Bt, ("mayfly bt",))):
    for command in names:
        make(command)
gdb.execute("handle SIGUSR1 SIGUSR2 SIGCHLD SIGWINCH nostop noprint pass")
