"""What the tests of this folder share: reading and writing vectors, running the program."""

import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys


class Bench:
    """The program under test, the shipped vectors, an empty directory; counts failures."""

    def __init__(self):
        self.twinwalk, vectors, work = sys.argv[1:4]
        self.vectors = pathlib.Path(vectors)
        self.work = pathlib.Path(work)
        self.failures = 0
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)

    def cases(self, name, count):
        """The first cases of a file, as objects."""
        with gzip.open(self.vectors / "riscv" / f"{name}.jsonl.gz", "rt") as file:
            return [json.loads(next(file)) for _ in range(count)]

    def write(self, name, data):
        """A gzipped file of text, bytes, or cases."""
        if isinstance(data, list):
            data = "".join(json.dumps(case, separators=(",", ":")) + "\n" for case in data)
        if isinstance(data, str):
            data = data.encode()
        path = self.work / name
        path.write_bytes(gzip.compress(data, 1))
        return path

    def copy_guest(self, name):
        """A guest's files, unpacked: suffix -> list of lines."""
        return {
            path.name[len(name):]: gzip.decompress(path.read_bytes()).decode().splitlines()
            for path in (self.vectors / "tables").glob(f"{name}.*.gz")
        }

    def write_guest(self, name, files):
        """The files of copy_guest(); returns the path of the tables."""
        for suffix, lines in files.items():
            self.write(name + suffix, "\n".join(lines) + "\n")
        return self.work / f"{name}.tables.gz"

    def run(self, command, *arguments):
        """Status, stdout, stderr."""
        done = subprocess.run(
            [self.twinwalk, command, *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
            env={**os.environ, "ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "exitcode=99"},
        )
        return (done.returncode, done.stdout.decode(errors="replace"),
                done.stderr.decode(errors="replace"))

    def check(self, what, good, detail=""):
        if not good:
            self.failures += 1
            print(f"FAILED: {what}\n{detail}")

    def refused(self, what, wanted, command, *arguments):
        """Exit status 2 and one line on stderr that says `wanted`."""
        status, _, error = self.run(command, *arguments)
        lines = [line for line in error.splitlines() if not line.startswith("Try ")]
        self.check(what, status == 2 and len(lines) == 1 and wanted in lines[0],
                   f"status {status}, wanted '{wanted}', stderr: {error}")

    def finish(self):
        print("all good" if self.failures == 0 else f"{self.failures} failures")
        sys.exit(self.failures != 0)
