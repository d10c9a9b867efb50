#!/usr/bin/env python3
"""Random workloads on the kernel of this machine and on the model; both must print the same, or fail
at the same line.

usage: fuzz.py NATIVE MODEL DIRECTORY FIRST_SEED COUNT

A workload that ends differently is left in DIRECTORY as fuzz_SEED.work; status 1. Everything happens
in windows around the borders of a PTE table, a PMD table and a PUD table.
"""
import pathlib
import random
import subprocess
import sys

PAGE = 4096
WINDOWS = [0x100000000000, 0x10003FC00000, 0x107FFFC00000]  # each 8 MiB, the last two over a border
WINDOW_PAGES = 2048
FILE_PAGES = 1024


class Process:
    """A process and what it has mapped: address of a page -> (kind, rights)."""

    def __init__(self, name, pages):
        self.name, self.pages = name, dict(pages)


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.thp = seed % 4 == 3
        self.lines = [f"title fuzz {seed}", f"file data {FILE_PAGES * 4}K by 4K"]
        if self.thp:
            self.lines.append("thp")
        self.processes = [Process("main", {})]
        self.names = self.marks = 0

    def place(self):
        """A range of a window: some aligned to 2 MiB, some small, some large."""
        base = self.random.choice(WINDOWS)
        size = self.random.choice([1, 3, 16, 40, 130, 256, 512, 700, 1024])
        start = self.random.randrange(WINDOW_PAGES - size + 1)
        if self.random.random() < 0.4:
            start = start // 512 * 512
        return base + start * PAGE, size

    def run_of(self, process, accept):
        """A range of mapped pages of one kind and rights that `accept`s; None: there is none."""
        found = [a for a, what in process.pages.items() if accept(*what)]
        if not found:
            return None
        start = self.random.choice(found)
        what, end = process.pages[start], start
        limit = start + self.random.choice([1, 4, 20, 100, 512, 1024]) * PAGE
        while self.random.random() < 0.5 and process.pages.get(start - PAGE) == what:
            start -= PAGE
        while end < limit and process.pages.get(end) == what:
            end += PAGE
        return start, (end - start) // PAGE

    def say(self, process, text):
        prefix = "" if process.name == "main" else f"{process.name}: "
        self.lines.append(prefix + text)

    def map(self, process):
        at, size = self.place()
        if any(at + i * PAGE in process.pages for i in range(size)):
            return
        rights = self.random.choice(["rw", "rw", "rw", "r", "none"])
        kind = self.random.choice(["anon", "anon", "anon", "shared", "private", "filemap"])
        backing = kind
        if kind in ("private", "filemap"):
            offset = self.random.randrange(FILE_PAGES - size + 1) if size <= FILE_PAGES else 0
            # Often what fits to its address, so that neighbours can be joined.
            if self.random.random() < 0.5 and (at // PAGE) % FILE_PAGES + size <= FILE_PAGES:
                offset = (at // PAGE) % FILE_PAGES
            backing = f"{'shared' if kind == 'filemap' else 'private'}:data+{offset * 4}K"
        self.names += 1
        self.say(process, f"map m{self.names} {at:#x} {size * 4}K {backing} {rights}")
        if self.thp and kind == "anon":
            self.say(process, f"madvise {at:#x} {size * 4}K hugepage")
        for i in range(size):
            process.pages[at + i * PAGE] = (kind, rights)

    def touch(self, process):
        write = self.random.random() < 0.6
        found = self.run_of(process, lambda kind, rights: rights == "rw" or rights == "r" and not write)
        if found:
            how = self.random.choice(["", " back", " stride 16K", " random 50 7"])
            self.say(process, f"touch {found[0]:#x} {found[1] * 4}K {'write' if write else 'read'}{how}")

    def munmap(self, process):
        at, size = self.place()
        self.say(process, f"munmap {at:#x} {size * 4}K")
        for i in range(size):
            process.pages.pop(at + i * PAGE, None)

    def mprotect(self, process):
        at, size = self.run_of(process, lambda *_: True) or (0, 0)
        if size:
            rights = self.random.choice(["rw", "rw", "r", "none"])
            self.say(process, f"mprotect {at:#x} {size * 4}K {rights}")
            for i in range(size):
                process.pages[at + i * PAGE] = (process.pages[at + i * PAGE][0], rights)

    def madvise(self, process):
        found = self.run_of(process, lambda *_: True)
        if found:
            self.say(process, f"madvise {found[0]:#x} {found[1] * 4}K dontneed")

    def mremap(self, process):
        at, size = self.run_of(process, lambda *_: True) or (0, 0)
        to, new = self.place()
        new = self.random.choice([size, size, size, new])
        if not size or to < at + size * PAGE and at < to + new * PAGE:
            return
        if process.pages[at][0] in ("private", "filemap") and new > size:
            return  # beyond the end of the file: SIGBUS
        if process.pages[at][0] == "shared" and new > size:
            return
        # 2 MiB apart where the old one is, so that tables can move whole.
        if self.random.random() < 0.5:
            to = to // (512 * PAGE) * (512 * PAGE) + at % (512 * PAGE)
            if to < at + size * PAGE and at < to + new * PAGE:
                return
        self.say(process, f"mremap {at:#x} {size * 4}K {new * 4}K to {to:#x}")
        what = process.pages[at]
        for i in range(size):
            del process.pages[at + i * PAGE]
        for i in range(new):
            process.pages[to + i * PAGE] = what

    def fork(self, process):
        if len(self.processes) < 4 and self.names < 1000:
            self.names += 1
            self.say(process, f"fork p{self.names}")
            self.processes.append(Process(f"p{self.names}", process.pages))
            self.processes[-1].parent = process

    def exit(self, process):
        if process.name != "main" and not any(
            getattr(other, "parent", None) is process for other in self.processes
        ):
            self.say(process, "exit")
            self.processes.remove(process)

    def text(self, steps):
        actions = [self.map] * 4 + [self.touch] * 8 + [self.munmap] * 2 + [self.mprotect] * 2
        actions += [self.madvise] * 2 + [self.mremap] * 2 + [self.fork, self.exit]
        forks = 0
        for _ in range(steps):
            process = self.random.choice(self.processes)
            action = self.random.choice(actions)
            if action == self.fork and forks == 6:
                continue
            forks += action == self.fork
            before = len(self.lines)
            action(process)
            if len(self.lines) > before and process in self.processes:
                self.marks += 1
                self.say(process, f"mark s{self.marks}")
        while len(self.processes) > 1:
            self.exit(self.random.choice(self.processes))
        return "\n".join(self.lines) + "\n"


def run(command):
    """What was printed; or, of a run that failed, the line that it names."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return done.stdout
    return "failed at " + ":".join(done.stderr.split(":")[:2]) + "\n" + done.stderr


def main():
    native, model, directory, first, count = *sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5])
    failed = ended = 0
    for seed in range(first, first + count):
        path = pathlib.Path(directory) / f"fuzz_{seed}.work"
        path.write_text(Generator(seed).text(100))
        results = [run([native, str(path), directory]), run([model, str(path)])]
        # The rare stray difference of a real kernel is not there a second time.
        if results[0] != results[1]:
            results[0] = run([native, str(path), directory])
        same = results[0] == results[1]
        if not same and all(text.startswith("failed at") for text in results):
            same = results[0].splitlines()[0] == results[1].splitlines()[0]
        ended += results[0].startswith("failed at")
        if same:
            path.unlink()
            continue
        failed += 1
        lines = [text.splitlines() for text in results]
        for kernel, ours in zip(*lines):
            if kernel != ours:
                print(f"{path.name}: kernel: {kernel}\n{path.name}: model:  {ours}")
                break
        else:
            print(f"{path.name}: {len(lines[0])} lines and {len(lines[1])}")
    print(f"{count} workloads, {failed} different, {ended} refused by the kernel")
    sys.exit(failed > 0)


main()
