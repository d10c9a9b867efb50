"""Reads properties.txt: what is proved of which unit, and the bugs that must break the proof.

A line is a keyword and its value; '#' begins a comment line.
  unit NAME             module formal_NAME in NAME.sv
    run NAME [P=V...]   its parameters; what follows is proved in every run of the unit
  property NAME         an assertion of the unit's module; `rtl` stands for the hardware's own
  reaches NAME          a situation that must be reachable, see `REACHES in spec.sv
    says TEXT           one line
    spec SECTION        of the RISC-V privileged specification, where it says so
    in RUN...           only in these runs
    bounded RUN CYCLES  not proved in that run, but searched so many cycles deep
    bug TEXT            one that must break the property; what follows is planted
    where RUN           the run in which it is searched; the first one unless told
    file, old, new      an edit of a file of rtl, whose old text stands there exactly once
"""

from dataclasses import dataclass, field
import sys


@dataclass
class Edit:
    """What replaces a text of the hardware."""
    file: str
    old: str = ""
    new: str = ""


@dataclass
class Plant:
    """A bug of the hardware, and the run in which it is searched."""
    line: int
    says: str
    where: str = ""
    edits: list = field(default_factory=list)


@dataclass
class Property:
    """An assertion of a unit's module by its label, or (`reaches`) the assertion of the opposite."""
    name: str
    line: int
    reaches: bool
    says: str = ""
    spec: str = ""
    runs: list = field(default_factory=list)
    bounded: dict = field(default_factory=dict)
    plants: list = field(default_factory=list)

    def held_in(self, instance):
        return not self.runs or instance.name in self.runs


@dataclass
class Unit:
    """A module of properties with the runs it is proved in."""
    name: str
    runs: list = field(default_factory=list)
    properties: list = field(default_factory=list)


@dataclass
class Run:
    """A unit with its parameters."""
    name: str
    unit: Unit
    parameters: list


def fail(path, number, what):
    sys.exit(f"{path}:{number}: {what}")


def read_list(path):
    """The units of the list, in its order. Any error ends the program with its line."""
    units, item = [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        word, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        if not word or word.startswith("#"):
            continue
        if not rest:
            fail(path, number, f"'{word}' wants a value")
        if word == "unit":
            units.append(Unit(rest))
            item = None
        elif word == "run" and units and not item:
            units[-1].runs.append(Run(rest.split()[0], units[-1], rest.split()[1:]))
        elif word in ("property", "reaches") and units:
            item = Property(rest, number, word == "reaches")
            units[-1].properties.append(item)
        elif word in ("says", "spec") and item:
            setattr(item, word, rest)
        elif word == "in" and item:
            item.runs = rest.split()
        elif word == "bounded" and item and rest.split()[1:] and rest.split()[1].isdigit():
            item.bounded[rest.split()[0]] = int(rest.split()[1])
        elif word == "bug" and item:
            item.plants.append(Plant(number, rest))
        elif word == "where" and item and item.plants:
            item.plants[-1].where = rest
        elif word == "file" and item and item.plants:
            item.plants[-1].edits.append(Edit(rest))
        elif word in ("old", "new") and item and item.plants and item.plants[-1].edits:
            setattr(item.plants[-1].edits[-1], word, rest)
        else:
            fail(path, number, f"'{word}' has no meaning here")
    for unit in units:
        check(path, unit)
    return units


def check(path, unit):
    """Every property is told whole, and names runs of its unit only."""
    names = [instance.name for instance in unit.runs]
    for item in unit.properties:
        if not item.says or not (item.plants or item.reaches):
            fail(path, item.line, f"{item.name} wants `says` and, if it is a property, a planted bug")
        for plant in item.plants:
            if not all(edit.old and edit.new for edit in plant.edits) or not plant.edits:
                fail(path, plant.line, "a planted bug wants `file`, `old` and `new`")
            plant.where = plant.where or (item.runs or names)[0]
        for name in item.runs + list(item.bounded) + [plant.where for plant in item.plants]:
            if name not in names:
                fail(path, item.line, f"{item.name}: unit {unit.name} has no run {name}")
