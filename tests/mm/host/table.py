#!/usr/bin/env python3
"""Writes the table of docs/host-kernel.md: recorded figures of a real kernel beside the model's.

usage: table.py MODEL DOCUMENT [--check]

The table stands between two comment lines of the document. --check changes nothing; status 1 if the
document is not what would be written.
"""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
BEGIN, END = "<!-- table: tests/mm/host/table.py -->\n", "<!-- end of table -->\n"
SIDE_BY_SIDE = "minor", "vmpte"
OTHERS = "anon", "file", "shmem", "vmas"


def parse(text):
    """The marks of a run: (process, mark, {figure: value})."""
    marks = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            process, mark, *pairs = line.split()
            marks.append((process, mark, {k: int(v) for k, v in (p.split("=") for p in pairs)}))
    return marks


def directive(workload, name):
    found = re.search(rf"^{name} (.*)$", workload, re.MULTILINE)
    return found.group(1) if found else ""


def cell(kernel, model):
    """Both values; once if they are the same."""
    return f"{kernel}" if kernel == model else f"**{kernel} / {model}**"


def rows(name, workload, kernel, model):
    text = [f"| **{name}** | {directive(workload, 'title')} |" + " |" * 8]
    for (process, mark, host), (_, _, ours) in zip(kernel, model, strict=True):
        bold = "**" if host != ours else ""
        cells = [f"{bold}{run[key]}{bold}" for key in SIDE_BY_SIDE for run in (host, ours)]
        cells += [cell(host[key], ours[key]) for key in OTHERS]
        where = mark if process == "main" else f"{process}: {mark}"
        text.append(f"| | {where} | " + " | ".join(cells) + " |")
    return text


def table(model_program):
    lines, marks, equal, workloads = [], 0, 0, sorted((HERE / "workloads").glob("*.work"))
    for path in workloads:
        kernel = parse((HERE / "recorded" / f"{path.stem}.txt").read_text())
        run = subprocess.run([model_program, path], check=True, capture_output=True, text=True)
        model = parse(run.stdout)
        marks += len(kernel)
        equal += sum(a == b for a, b in zip(kernel, model, strict=True))
        lines += rows(path.stem, path.read_text(), kernel, model)
    features = (HERE / "recorded/sequential_write.txt").read_text().splitlines()
    head = [line[2:] for line in features if line.startswith("# ")]
    return "\n".join(
        [
            "Recorded on: " + "; ".join(head) + ".",
            "",
            f"{len(workloads)} workloads, {marks} marks; {equal} are equal in every figure"
            f" (minor and major faults, VmPTE, RssAnon, RssFile, RssShmem, VMAs).",
            "RSS and VMAs are written once where they are equal, else **kernel / model**. Sizes are in KiB;"
            " major faults: none anywhere.",
            "",
            "| workload | mark | minor faults: kernel | model | VmPTE: kernel | model | RssAnon | RssFile | RssShmem | VMAs |",
            "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            *lines,
            "",
        ]
    )


def main():
    model, document = sys.argv[1], pathlib.Path(sys.argv[2])
    text = document.read_text()
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    new = text[:start] + table(model) + text[end:]
    if sys.argv[3:] == ["--check"]:
        if new != text:
            sys.exit(f"{document} is not up to date: build the target update_host_kernel_doc")
    elif new != text:
        document.write_text(new)


main()
