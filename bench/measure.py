#!/usr/bin/env python3
"""Runs one command and measures its whole process tree.

    measure.py RESULT.json [--stdin FILE] [--interval MS] -- COMMAND...

Writes to RESULT.json:
  exit       exit status, or minus the signal
  wallMs     from just before the fork to the end of the root process
  cpuMs      user + system time of the root and of every descendant that was waited for (exact: wait4)
  maxRssKiB  the largest single process, as the kernel recorded it (exact: ru_maxrss)
  peakKiB    the peak of the sum over the process tree. One process alive: its RSS. Several: the sum of their
             PSS, so that pages which they share (the executable, V8's snapshot) count once. Polled (10 ms, PSS 50 ms);
             never less than maxRssKiB, which is what catches a peak between two polls.
  processes  the most processes alive at one poll

The command starts in a process group of its own. Linux only.
"""
import ctypes
import json
import os
import sys
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


def tree(root):
    """The root and its descendants, from one scan of /proc."""
    parents = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as f:
                stat = f.read()
        except OSError:
            continue
        parents[int(entry)] = int(stat[stat.rindex(b")") + 2 :].split()[1])
    found = [root]
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found


def rss_kib(pid):
    try:
        with open(f"/proc/{pid}/statm", "rb") as f:
            return int(f.read().split()[1]) * PAGE_KIB
    except (OSError, IndexError):
        return 0


def pss_kib(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as f:
            for line in f:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def main():
    split = sys.argv.index("--")
    options, command = sys.argv[1:split], sys.argv[split + 1 :]
    result, options = options[0], dict(zip(options[1::2], options[2::2]))
    interval = float(options.get("--interval", "10")) / 1000
    stdin = os.open(options.get("--stdin", "/dev/null"), os.O_RDONLY)
    # A descendant that outlives its parent is re-parented to this process: found by the scan, and its CPU counted.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        os.dup2(stdin, 0)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            os.write(2, f"{command[0]}: {error}\n".encode())
            os._exit(127)

    peak, most, done = 0, 1, threading.Event()

    def poll():
        nonlocal peak, most
        pids, turn = [pid], 0
        # PSS is counted page by page, with the process waiting: read as often as RSS it adds a tenth to what it measures.
        while not done.wait(interval if len(pids) == 1 else 5 * interval):
            if turn % 5 == 0 or len(pids) > 1:
                pids = tree(pid)
            turn += 1
            total = rss_kib(pid) if len(pids) == 1 else sum(map(pss_kib, pids))
            peak, most = max(peak, total), max(most, len(pids))

    poller = threading.Thread(target=poll, daemon=True)
    poller.start()
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - start
    done.set()
    poller.join()
    with open(result, "w") as f:
        json.dump(
            {
                "exit": os.waitstatus_to_exitcode(status),
                "wallMs": round(wall * 1000, 1),
                "cpuMs": round((usage.ru_utime + usage.ru_stime) * 1000, 1),
                "maxRssKiB": usage.ru_maxrss,
                "peakKiB": max(peak, usage.ru_maxrss),
                "processes": most,
            },
            f,
        )


main()
