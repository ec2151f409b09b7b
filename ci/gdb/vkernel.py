# SPDX-License-Identifier: BSD-2-Clause
"""gdb commands for the vkernel:

    threads      every kernel thread: CPU, state, wait, and its process
    ps           every process
    tbt ADDR     stack of a thread that is not running

Used by ci/boot --gdb; or `gdb -p PID -x ci/gdb/vkernel.py`.
"""
import gdb

STATES = ["new", "ready", "running", "sleep", "exited"]


def tailq(head, link):
    elm = head["tqh_first"]
    while int(elm):
        yield elm
        elm = elm[link]["tqe_next"]


def text(array):
    return array.string(errors="replace")


class Threads(gdb.Command):
    """List the kernel's threads, with the guest process of each."""

    def __init__(self):
        super().__init__("threads", gdb.COMMAND_STATUS)

    def invoke(self, arg, from_tty):
        print(f"{'THREAD':18} CPU {'STATE':8} {'WAIT':9} {'PID':>6} {'TID':>6} NAME")
        for td in tailq(gdb.parse_and_eval("all_threads"), "td_all"):
            cpu = td["td_cpu"]
            lwp = td["td_lwp"]
            wait = td["td_wmesg"].string() if int(td["td_wchan"]) else "-"
            pid = int(lwp["lw_proc"]["p_pid"]) if int(lwp) else "-"
            tid = int(lwp["lw_tid"]) if int(lwp) else "-"
            print(f"{int(td):#018x} {int(cpu['c_id']) if int(cpu) else -1:3} "
                  f"{STATES[int(td['td_state'])]:8} {wait:9} {pid:>6} {tid:>6} {text(td['td_name'])}")


class Ps(gdb.Command):
    """List the guest's processes."""

    def __init__(self):
        super().__init__("ps", gdb.COMMAND_STATUS)

    def invoke(self, arg, from_tty):
        print(f"{'PID':>6} {'PPID':>6} {'LWPS':>4} COMMAND")
        for p in tailq(gdb.parse_and_eval("allproc"), "p_all"):
            parent = int(p["p_parent"]["p_pid"]) if int(p["p_parent"]) else 0
            print(f"{int(p['p_pid']):6} {parent:6} {int(p['p_nlwps']):4} {text(p['p_comm'])}")


class Tbt(gdb.Command):
    """tbt THREAD: the stack of a thread that does not run now."""

    def __init__(self):
        super().__init__("tbt", gdb.COMMAND_STACK)

    def invoke(self, arg, from_tty):
        td = gdb.parse_and_eval(f"*(struct thread *)({arg})")
        word = gdb.lookup_type("unsigned long").pointer()
        fp = int((int(td["td_sp"]) + gdb.Value(32)).cast(word).dereference())
        low = int(td["td_kstack"])
        high = low + int(td["td_kstack_bytes"])
        depth = 0
        while low <= fp < high - 16 and depth < 40:
            frame = gdb.Value(fp).cast(word)
            pc = int(frame[1])
            if pc == 0:
                break
            print(f"#{depth:<2} {gdb.execute(f'info symbol {pc}', to_string=True).strip()}")
            fp = int(frame[0])
            depth += 1


Threads()
Ps()
Tbt()
gdb.execute("handle SIGUSR1 SIGUSR2 SIGCHLD SIGWINCH nostop noprint pass")
