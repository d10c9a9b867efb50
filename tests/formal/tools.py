"""Yosys turns a harness into one netlist a property; yosys-abc proves it, or finds what breaks it."""

import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
RTL = HERE.parent.parent / "rtl"
TOP = "proof"  # the harness, once its parameters are set

SOURCES = re.compile(r"^set\(TWINWALK_RTL_SOURCES\s+(.*?)\)", re.S | re.M)
# Yosys knows assertions, but not their messages.
MESSAGE = re.compile(r'\s*else \$error\("[^"]*"\)')


class ToolError(Exception):
    """A tool did not do its work; the text says which and why."""


def run(command, log):
    """Output of a command, which also goes to the file `log`."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    log.write_text(result.stdout)
    if result.returncode != 0:
        raise ToolError(f"{command[0]} failed, {log.name} ends:\n{result.stdout[-1000:].strip()}")
    return result.stdout


def misplaced(edit):
    """Why an edit cannot be made; '' if it can."""
    path = RTL / edit.file
    count = path.read_text().count(edit.old) if path.is_file() else 0
    return "" if count == 1 else f"'{edit.old}' stands {count} times in rtl/{edit.file}, not once"


def copy_rtl(folder, edits):
    """Copies the hardware for Yosys, with a bug's edits; the files in their order."""
    names = SOURCES.search((RTL / "sources.cmake").read_text()).group(1).split()
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        text = (RTL / name).read_text()
        for edit in edits:
            if edit.file == name:
                text = text.replace(edit.old, edit.new)
        (folder / name).write_text(MESSAGE.sub("", text))
    return [folder / name for name in names]


def netlists(instance, labels, folder, edits=()):
    """Writes LABEL.aig into the folder for each of the labels: the harness with that assertion alone,
    or, for the label `rtl`, with those that stand in the hardware itself. Returns their labels."""
    sources = copy_rtl(folder / "rtl", edits) + [
        HERE / name for name in ("spec.sv", f"{instance.unit.name}.sv")]
    settings = " ".join("-D" + setting for setting in instance.parameters)
    script = [
        f"read_verilog -sv -formal {settings} -I{folder}/rtl " + " ".join(map(str, sources)),
        f"hierarchy -check -top formal_{instance.unit.name}", f"rename -top {TOP}",
        f"prep -flatten -top {TOP}", "memory_map", "async2sync",
        f"techmap -map {HERE}/modulo.v", "opt_expr -keepdc", "opt_clean", "dffunmap", "techmap",
        # What has no value may have any, another one in each cycle.
        "opt_expr -keepdc", "setundef -anyseq", "opt_expr", "opt_merge", "aigmap", "opt_clean",
        "design -save all", f"tee -o {folder}/assertions.txt select -list t:$assert",
    ]
    for label in labels:
        # Flattening gave those of the hardware the name of their instance.
        chosen = "c:*flatten*" if label == "rtl" else f"c:{label} c:*.{label} %u"
        script += [
            "design -load all", f"select -set {label} t:$assert {chosen} %i",
            f"select -assert-min 1 @{label}", f"chformal -assert -remove t:$assert @{label} %d",
            # -zinit: registers without a first value start with any.
            f"write_aiger -I -B -zinit {folder}/{label}.aig",
        ]
    (folder / "netlists.ys").write_text("\n".join(script) + "\n")
    run(["yosys", "-q", "-s", str(folder / "netlists.ys")], folder / "yosys.log")
    names = (folder / "assertions.txt").read_text().replace(f"{TOP}/", "").split()
    return {"rtl" if "$" in name else name.split(".")[-1] for name in names}


def abc(folder, label, method):
    """Log of a method of yosys-abc on one netlist, and the cycle at which it broke, or None."""
    out = run(["yosys-abc", "-c", f"read_aiger {folder}/{label}.aig; strash; orpos; scleanup; scorr; {method}"],
              folder / f"{label}.{method.split()[0]}.log")
    broken = re.search(r"was asserted in frame (\d+)", out)
    return out, int(broken.group(1)) if broken else None


def prove(folder, label, seconds):
    """Property directed reachability, unbounded: (proved, cycle at which it broke or None)."""
    out, broken = abc(folder, label, f"pdr -T {seconds}")
    return "Property proved" in out, broken


def search(folder, label, depth, seconds):
    """Bounded model checking of so many cycles: (all searched, cycle at which it broke or None)."""
    out, broken = abc(folder, label, f"bmc3 -F {depth} -T {seconds}")
    done = re.search(r"No output asserted in (\d+) frames", out)
    return bool(done) and int(done.group(1)) >= depth, broken
