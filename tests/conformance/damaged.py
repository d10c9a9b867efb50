"""Damaged vectors are refused with exit status 2 and one line that says where; never a crash."""

import copy
import gzip
import json
import random

from support import Bench

bench = Bench()
good = bench.cases("svadu", 2)
number = 0


def refused(wanted, data, suffix=".jsonl.gz"):
    """Writes `data` (as Bench.write() takes it, or raw file content) and wants it refused."""
    global number
    number += 1
    path = bench.write(f"{number}{suffix}", data)
    bench.refused(f"{number}: {wanted}", wanted, "conform", path)
    return path


def refused_raw(wanted, content, suffix=".jsonl.gz"):
    global number
    number += 1
    path = bench.work / f"{number}{suffix}"
    path.write_bytes(content)
    bench.refused(f"{number}: {wanted}", wanted, "conform", path)


def damaged(change):
    """The two good cases, the second one changed."""
    cases = copy.deepcopy(good)
    change(cases[1])
    return cases


# arguments
bench.refused("no file", "no file given", "conform")
bench.refused("absent file", "No such file", "conform", bench.work / "absent.jsonl.gz")
directory = bench.work / "directory.jsonl.gz"
directory.mkdir()
bench.refused("directory", "is a directory", "conform", directory)
bench.refused("other file", "neither", "conform", bench.vectors / "README.md")
bench.refused("configuration", "no hardware configuration", "conform", "--config", "nonsense", "x")
bench.refused("json", "No such file", "conform", "--json", bench.work / "absent" / "o.json",
              bench.write("good.jsonl.gz", good))

# the file
packed = gzip.compress(json.dumps(good[0]).encode() + b"\n")
refused_raw("truncated", packed[:len(packed) // 2])
refused_raw("truncated", packed[:-4])
refused_raw("truncated", packed[:12])
refused_raw("damaged", packed[:40] + bytes([packed[40] ^ 0x55]) + packed[41:])
refused_raw("damaged", packed[:-6] + b"\xff" + packed[-5:])
refused_raw("holds no cases", b"")
refused_raw("holds no cases", gzip.compress(b""))
refused_raw(":1: ", b"\x1f\x8b\x08\x00" + b"\xff" * 100)
refused_raw(":1: ", bytes(random.Random(1).randbytes(5000)))
refused(":1: a NUL byte", b"{\0}\n")
refused("longer than", b"[" * (1 << 21))
refused(":1: ", b"[" * 100000)
refused(":1: ", b"\xff\xfe{}\n")
refused(":2: ", json.dumps(good[0]) + "\n\n")
refused(":2: ", json.dumps(good[0]) + "\n" + json.dumps(good[1])[:-1])
refused(":1: the line is no JSON object", "[]\n")
refused(":1: ", '{"id":1,"id":2}\n')
refused(":1: id is missing", "{}\n")

# every key missing, of another type, and beyond its range
VALUES = (None, True, -1, 1 << 62, 1 << 70, 1e300, "", "0x", "0xg", "1" * 17, "x" * 10000, [], [1],
          [[]], [["0x1"]], [["0x1", 1]], [["0x1", "0x2", "0x3"]], {}, {"a": {}})


def damage_each(keys, reach, where):
    for key in keys:
        refused(f":2: {where}{key}", damaged(lambda case: reach(case).pop(key)))
        # What some values mean is nothing: an empty list of words, say. Then all must go well.
        for value in VALUES:
            path = bench.write("value.jsonl.gz",
                               damaged(lambda case: reach(case).update({key: value})))
            status, _, error = bench.run("conform", path)
            bench.check(f"{where}{key} = {str(value)[:40]}",
                        status == 2 and error.count("\n") == 1 and ":2: " in error
                        or status in (0, 1) and error == "", f"status {status}: {error}")


damage_each(("id", "mode", "w", "root_ppn", "asid", "sum", "mxr", "adue", "pbmte", "svnapot", "seq",
             "ram", "mem", "acc"), lambda case: case, "")
updating = next(i for i, access in enumerate(good[1]["acc"]) if "pte_after" in access
                and access["pa"])
damage_each(("va", "t", "priv", "pa", "cause", "sz"), lambda case: case["acc"][updating],
            f"acc[{updating}].")
for value in VALUES:
    path = bench.write("value.jsonl.gz",
                       damaged(lambda case: case["acc"][updating].update(pte_after=value)))
    status, _, error = bench.run("conform", path)
    bench.check(f"pte_after = {str(value)[:40]}",
                status == (1 if value == [] else 2) and error.count("\n") == (value != []),
                f"status {status}: {error}")

refused("does not fit the mode", damaged(lambda case: case.update(w=4, mode="sv39")))
refused("mode \"sv64\" is unknown", damaged(lambda case: case.update(mode="sv64")))
refused("sz 13 is no page size", damaged(lambda case: case["acc"][updating].update(sz=13)))
refused("exactly one", damaged(lambda case: case["acc"][updating].update(cause=13)))
refused("no access or page fault",
        damaged(lambda case: case["acc"][updating].update(pa=None, cause=2)))
refused("is not aligned", damaged(lambda case: case["mem"].append(["0x80000001", "0x1"])))
refused("is above", damaged(lambda case: case["mem"].append(["0x100000000000000", "0x1"])))
refused("is empty or ends above", damaged(lambda case: case["ram"].append(["0x0", "0x0"])))
refused("is empty or ends above",
        damaged(lambda case: case["ram"].append(["0xffffffffffffff", "0x2"])))

# a guest's files
GUEST = "riscv-sv32-clean"


def guest_refused(wanted, suffix, change):
    global number
    number += 1
    files = bench.copy_guest(GUEST)
    change(files[suffix])
    path = bench.write_guest(str(number), files)
    bench.refused(f"{number}: {suffix}: {wanted}", wanted, "conform", path)


def header(key, line):
    """Replaces the H line of that key, or drops it."""
    def change(lines):
        at = next(i for i, old in enumerate(lines) if old.startswith(f"H {key} "))
        lines[at:at + 1] = [line] if line else []
    return change


for key in ("mode", "entry_bytes", "satp", "table_pages"):
    guest_refused("is missing" if key != "entry_bytes" else "before H entry_bytes", ".tables.gz",
                  header(key, None))
guest_refused("cannot be judged", ".tables.gz", header("ram", None))
for key, value, wanted in (
        ("mode", "sv64", "unknown"), ("mode", "bare", "unknown"), ("mode", "sv39", "does not fit"),
        ("entry_bytes", "3", "neither 4 nor 8"), ("satp", "80100", "disagree"),
        ("satp", "x", "no hexadecimal number"), ("table_pages", "7", "6 P lines"),
        ("table_pages", "x", "no decimal number"), ("ram", "1", "a start and an end"),
        ("ram", "9 9", "empty")):
    guest_refused(wanted, ".tables.gz", header(key, f"H {key} {value}"))
for line, wanted in (
        ("P", "physical address of a page"), ("P 80100001 0:1", "physical address of a page"),
        ("P 100000000000000 0:1", "physical address of a page"),
        ("P 80100000 400:1", "INDEX:ENTRY"), ("P 80100000 0", "INDEX:ENTRY"),
        ("P 80100000 0:100000000", "INDEX:ENTRY"), ("P 80100000" + " 0:1" * 1100, "too many"),
        ("Z", "neither H nor P"), ("H mode", "a key and a value")):
    guest_refused(wanted, ".tables.gz", lambda lines: lines.append(line))
for line in ("T", "T 1000", "T 1000" + " ok" * 12, "T 1001" + " ok" * 11 + " -",
             "T 1000" + " 2" * 11 + " -", "T 1000" + " ok" * 11 + " x", "A 80100000 400 1",
             "A 80100000 0", "A 80100001 0 1", "B", "Q 1000" + " d" * 11 + " -",
             "T 1000" + " ok" * 13):
    guest_refused(".access.gz:2: ", ".access.gz", lambda lines: lines.insert(1, line))
for line in ("R", "R 0 0 0 -------", "R 0 0 1000 ------", "R 0 0 1000 xxxxxxx", "R 1 0 1000 -------",
             "R 0 0 fffffffffffff000 -------", "R fffff000 0 2000 -------", "M 0 0 ---------",
             "R 100000000 0 1000 -------", "R 0 0 1000 ------- 1"):
    guest_refused(".expect.gz:2: ", ".expect.gz", lambda lines: lines.insert(1, line))
files = bench.copy_guest(GUEST)
alone = bench.write("alone.tables.gz", "\n".join(files[".tables.gz"]) + "\n")
bench.refused("tables alone", "lies beside", "conform", alone)
bench.refused("companion without tables", "No such file", "conform",
              bench.write("lonely.access.gz", "\n"))

# Whatever else: deterministic mutations of a case and of a guest's files.
chance = random.Random(7)


def mutated(data):
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        kind = chance.randrange(4)
        if kind == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at:at] = data[at:at + chance.randrange(40)]
        elif kind == 2:
            del data[at:at + chance.randrange(40)]
        else:
            data[at:at + 1] = chance.choice([b"9" * 30, b"-", b"\"", b"[", b"null", b" ", b"\n"])
    return bytes(data)


def survives(what, path):
    status, _, error = bench.run("conform", path)
    bench.check(what, status in (0, 1) and error == "" or status == 2 and error.count("\n") == 1,
                f"{path}: status {status}: {error}")


text = (json.dumps(good[0]) + "\n").encode()
for seed in range(250):
    survives(f"mutation {seed}", bench.write("mutated.jsonl.gz", mutated(text)))
    raw = bench.work / "raw.jsonl.gz"
    raw.write_bytes(mutated(packed))
    survives(f"raw mutation {seed}", raw)
for seed in range(150):
    files = {suffix: "\n".join(lines).encode() for suffix, lines in bench.copy_guest(GUEST).items()}
    files[".access.gz"] = files[".access.gz"][:4000]
    files[".expect.gz"] = files[".expect.gz"][:4000]
    suffix = chance.choice(list(files))
    files[suffix] = mutated(files[suffix])
    for name, data in files.items():
        bench.write("guest" + name, data)
    survives(f"guest mutation {seed}", bench.work / "guest.tables.gz")

bench.finish()
