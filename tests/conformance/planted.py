"""A wrong expectation planted into good vectors is noticed on both sides, and named."""

import json

from support import Bench

CASES = 30

bench = Bench()


def find(cases, wanted):
    """Case and access number of the last access that fulfils `wanted`."""
    for number in range(len(cases) - 1, -1, -1):
        for index, access in enumerate(cases[number]["acc"]):
            if wanted(access):
                return number, index
    raise LookupError


def expect_named(what, path, place):
    """Exit status 1, one mismatch on each side, and `place` in the explanation."""
    report = bench.work / "report.json"
    status, output, error = bench.run("conform", "--json", report, path)
    bench.check(what, status == 1 and place in output and error == "",
                f"status {status}, wanted '{place}'\n{output}{error}")
    counts = json.loads(report.read_text())
    bench.check(what + ": counts",
                counts["model_mismatches"] == 1 and counts["rtl_mismatches"] == 1, str(counts))


def plant_case(what, name, wanted, change):
    cases = bench.cases(name, CASES)
    number, index = find(cases, wanted)
    change(cases[number]["acc"][index])
    path = bench.write(f"{what}.jsonl.gz".replace(" ", "-"), cases)
    expect_named(what, path, f":{number + 1}: case {cases[number]['id']}, access {index}: ")


def translated(access):
    return access["pa"] is not None


def faulted(access):
    return access["cause"] is not None


def updated(access):
    return "pte_after" in access


def flip(text, bit):
    return hex(int(text, 16) ^ 1 << bit)


def flip_after(access):
    access["pte_after"][0][1] = flip(access["pte_after"][0][1], 8)


for bit in (0, 11, 12, 30):
    plant_case(f"pa bit {bit}", "sv39", translated,
               lambda access: access.update(pa=flip(access["pa"], bit)))
plant_case("cause page for access", "sv48", lambda access: access["cause"] == 13,
           lambda access: access.update(cause=5))
plant_case("cause of another access", "sv48", lambda access: access["cause"] == 15,
           lambda access: access.update(cause=13))
plant_case("fault for translation", "sv57", lambda access: translated(access) and access["t"] == "R",
           lambda access: access.update(pa=None, cause=13))
plant_case("translation for fault", "sv32", faulted,
           lambda access: access.update(pa="0x80000000", cause=None, sz=12))
plant_case("leaf size", "svnapot_pbmt", lambda access: access.get("sz") == 16,
           lambda access: access.update(sz=12))
plant_case("memory type", "svnapot_pbmt", lambda access: access.get("pbmt") == 2,
           lambda access: access.update(pbmt=1))
plant_case("memory type left out", "svnapot_pbmt", lambda access: access.get("pbmt") == 1,
           lambda access: access.pop("pbmt"))
plant_case("bare pa", "bare", translated,
           lambda access: access.update(pa=flip(access["pa"], 55)))
for name in ("svadu", "svadu_seq"):
    plant_case(f"{name} value of a changed PTE", name, updated, flip_after)
    plant_case(f"{name} change left out", name, updated, lambda access: access.pop("pte_after"))
    plant_case(f"{name} change that is none", name, lambda access: not updated(access),
               lambda access: access.update(pte_after=[["0x80000000", "0x1"]]))


def plant_line(what, name, suffix, wanted, change, place=None):
    """Changes the last line that fulfils `wanted`, or drops it when `change` gives None."""
    files = bench.copy_guest(name)
    lines = files[suffix]
    index = max(i for i, line in enumerate(lines) if wanted(line.split()))
    lines[index:index + 1] = filter(None, [change(lines[index].split())])
    path = bench.write_guest(f"{what}-{name}".replace(" ", "-"), files)
    expect_named(what, path, place or f"{suffix}:{index + 1}: ")


def replaced(position, text):
    """Turns a line's fields into the line with one of them replaced."""
    return lambda fields: " ".join(fields[:position] + [text] + fields[position + 1:])


plant_line("outcome of a fetch", "riscv-sv39-clean", ".access.gz",
           lambda fields: fields[0] == "T" and fields[12] == "c", replaced(12, "1"))
plant_line("store that was refused", "riscv-sv32-clean", ".access.gz",
           lambda fields: fields[0] == "T" and fields[9] == "ok", replaced(9, "f"))
plant_line("dirty table lets a load through", "riscv-sv39-dirty", ".access.gz",
           lambda fields: fields[0] == "T" and fields[7] == "d", replaced(7, "ok"))
plant_line("changed entry left out", "riscv-sv48-clean", ".access.gz",
           lambda fields: fields[0] == "A", lambda fields: None, "became")
plant_line("changed entry", "riscv-sv39-clean", ".access.gz",
           lambda fields: fields[0] == "A", replaced(3, "1"), "the hart's was 1")

# A pointer to where no memory is: QEMU's hart saw page faults, the specification wants access
# faults. A Q line says that it was so; the same as a T line would be wrong.
for row, wanted in (("Q", 0), ("T", 1)):
    files = bench.copy_guest("riscv-sv39-clean")
    root = next(i for i, line in enumerate(files[".tables.gz"]) if line.startswith("P 80100000 "))
    files[".tables.gz"][root] += " 2:401"
    files[".access.gz"].insert(1, f"{row} 80000000 d d d d d d f f f c c -")
    path = bench.write_guest(f"{row}-line", files)
    status, output, error = bench.run("conform", path)
    bench.check(f"{row} line", status == wanted and error == "", output + error)

# A mapping is walked more than once, so that a wrong line gives more than one mismatch.
for what, position, text in (("pa of a mapping", 2, "80000000"), ("rights", 4, "-------")):
    files = bench.copy_guest("xv6-sv39-2")
    lines = files[".expect.gz"]
    lines[2] = replaced(position, text)(lines[2].split())
    path = bench.write_guest(what.replace(" ", "-"), files)
    status, output, error = bench.run("conform", path)
    bench.check(what, status == 1 and ".expect.gz:3: " in output and error == "", output + error)

# Single walks, as QEMU's gva2gpa makes them; here the mappings say where they must lead.
for what, pa, wanted in (("good walks", "87f5c7f8", 0), ("a wrong walk", "87f5d7f8", 1)):
    files = bench.copy_guest("xv6-sv39-2")
    files[".gva2gpa.gz"] = ["# made by planted.py", "G 0 87f5c000", f"G 7f8 {pa}", "G 20000000 -",
                            "G 4000000000 -"]
    status, output, error = bench.run("conform", bench.write_guest(what.replace(" ", "-"), files))
    bench.check(what, status == wanted and (".gva2gpa.gz:3: " in output) == (wanted == 1),
                output + error)

bench.finish()
