#!/usr/bin/env python3
"""Proves the properties of properties.txt, and that each planted bug breaks its property.

formal.py [--check] [--jobs N] [--work DIR] [NAME...]; a NAME is a unit, a run or a property.
Prints tables of the results. Exit status: 0 all as it should be, 1 not so, 2 wrong usage.
"""

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
import properties
import tools

HERE = Path(__file__).resolve().parent
LIST = HERE / "properties.txt"
DOC = tools.RTL.parent / "docs" / "formal.md"

# Seconds of one proof or search: ten times what the slowest takes.
PATIENCE = 600
# Cycles within which a planted bug must show and a situation be reached.
DEPTH = 40


class Result:
    """One line of a table; `wrong` says what is not as it should be."""

    def __init__(self, instance, item, seconds=0.0, text="", wrong=""):
        self.instance, self.item, self.seconds = instance, item, seconds
        self.text, self.wrong = text, wrong


def timed(work):
    """The result of work() with the seconds it took; a failure of a tool is a wrong result."""
    def task(instance, item, *rest):
        begin = time.monotonic()
        try:
            text, wrong = work(instance, item, *rest)
        except tools.ToolError as error:
            text, wrong = "failed", str(error)
        return Result(instance, item, time.monotonic() - begin, text, wrong)
    return task


@timed
def prove(instance, item, folder):
    """A property holds in a run: without bound, or as deep as the list says."""
    depth = item.bounded.get(instance.name)
    if depth:
        done, broken = tools.search(folder, item.name, depth, PATIENCE)
        text = f"bounded to depth {depth}"
    else:
        done, broken = tools.prove(folder, item.name, PATIENCE)
        text = "proved unbounded"
    if broken is not None:
        return f"BROKEN in cycle {broken}", "does not hold"
    return (text, "") if done else ("UNDECIDED", f"undecided after {PATIENCE} s")


@timed
def reach(_, item, folder):
    """A situation is reachable."""
    _, broken = tools.search(folder, item.name, DEPTH, PATIENCE)
    if broken is None:
        return "NEVER", f"is not reached in {DEPTH} cycles"
    return f"cycle {broken}", ""


@timed
def hunt(instance, item, plant, folder):
    """A planted bug breaks its property."""
    tools.netlists(instance, [item.name], folder, plant.edits)
    _, broken = tools.search(folder, item.name, DEPTH, PATIENCE)
    if broken is None:
        return "NOT FOUND", f"the bug of line {plant.line} is not found in {DEPTH} cycles"
    return f"cycle {broken}", ""


def elaborate(instance, wanted, folder):
    """Writes the netlists of a run; '' or what is wrong: a tool failed, or the list and the labels of
    the harness differ."""
    try:
        labels = tools.netlists(instance, [item.name for item in wanted], folder)
    except tools.ToolError as error:
        return str(error)
    unlisted = labels - {item.name for item in instance.unit.properties}
    return f"not in the list: {' '.join(sorted(unlisted))}" if unlisted else ""


def perform(units, names, jobs, work):
    """The three lists of results: proofs, situations, planted bugs."""
    def chosen(instance, item):
        return item.held_in(instance) and (
            not names or names & {instance.unit.name, instance.name, item.name})

    plan = []  # (run, its properties)
    for instance in (instance for unit in units for instance in unit.runs):
        wanted = [item for item in instance.unit.properties if chosen(instance, item)]
        if wanted:
            plan.append((instance, wanted))
    with ThreadPoolExecutor(jobs) as pool:
        built = list(pool.map(lambda step: elaborate(*step, work / step[0].name), plan))
        for (instance, _), wrong in zip(plan, built):
            if wrong:
                sys.exit(f"{instance.name}: {wrong}")
        proofs, situations, bugs = [], [], []
        for instance, wanted in plan:
            for item in wanted:
                task, results = (reach, situations) if item.reaches else (prove, proofs)
                results.append(pool.submit(task, instance, item, work / instance.name))
                for plant in (plant for plant in item.plants if plant.where == instance.name):
                    folder = work / f"{instance.name}-bug-{plant.line}"
                    bugs.append((plant, pool.submit(hunt, instance, item, plant, folder)))
        return ([task.result() for task in proofs], [task.result() for task in situations],
                [(plant, task.result()) for plant, task in bugs])


def table(heads, rows):
    """Prints a table that Markdown understands and people can read as it is; nothing if it is empty."""
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(heads, *rows)]
    for row in [heads, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
    print()


def report(proofs, situations, bugs):
    """Prints the tables, and on stderr what is wrong; whether nothing is."""
    table(["property", "unit", "parameters", "result", "seconds"],
          [[r.item.name, r.instance.unit.name, " ".join(r.instance.parameters), r.text,
            f"{r.seconds:.1f}"] for r in proofs])
    table(["reachable situation", "unit", "run", "reached in"],
          [[r.item.name, r.instance.unit.name, r.instance.name, r.text] for r in situations])
    table(["planted bug", "run", "property broken", "in"],
          [[plant.says, r.instance.name, r.item.name, r.text] for plant, r in bugs])
    wrong = [r for r in proofs + situations + [r for _, r in bugs] if r.wrong]
    for r in wrong:
        print(f"formal.py: {r.instance.name}, {r.item.name}: {r.wrong}", file=sys.stderr)
    done = [r for r in proofs if not r.wrong]
    unbounded = sum(r.item.bounded.get(r.instance.name) is None for r in done)
    print(f"{len(done)} of {len(proofs)} proofs hold, {unbounded} of them unbounded; "
          f"{sum(not r.wrong for r in situations)} of {len(situations)} situations are reached; "
          f"{sum(not r.wrong for _, r in bugs)} of {len(bugs)} planted bugs are found.")
    return not wrong


def check(units):
    """Without tools: each planted bug finds its text, and the documentation knows each property."""
    known = DOC.read_text()
    wrong = 0
    for item in (item for unit in units for item in unit.properties):
        complaints = [f"{plant.line}: {tools.misplaced(edit)}" for plant in item.plants
                      for edit in plant.edits if tools.misplaced(edit)]
        if f"| {item.name} " not in known:
            complaints.append(f"{item.line}: {item.name} does not stand in docs/{DOC.name}")
        for complaint in complaints:
            print(f"{LIST.name}:{complaint}", file=sys.stderr)
            wrong += 1
    return wrong == 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n")[2])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--work", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    units = properties.read_list(LIST)
    known = {name for unit in units for part in (unit.runs, unit.properties) for name in
             (unit.name, *(one.name for one in part))}
    for name in set(options.names) - known:
        parser.error(f"no unit, run or property '{name}'")
    if options.check:
        return 0 if check(units) else 1
    for item in (item for unit in units for item in unit.properties):
        for edit in (edit for plant in item.plants for edit in plant.edits):
            if tools.misplaced(edit):
                sys.exit(f"{LIST.name}:{item.line}: {item.name}: {tools.misplaced(edit)}")
    with tempfile.TemporaryDirectory(prefix="formal-") as scratch:
        work = (options.work or Path(scratch)).resolve()
        results = perform(units, set(options.names), options.jobs, work)
        return 0 if report(*results) else 1


if __name__ == "__main__":
    sys.exit(main())
