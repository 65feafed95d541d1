"""The house: rooms of `lisbon_core`, folders and modules at its top, whose imports only go down."""

import ast
from graphlib import TopologicalSorter

from lisbon_core.tools.provenance import ROOT

# physics are all others; each kind imports only from itself and from those before it
KINDS = ("physics", "plots", "studies", "tools", "course")
PACKAGE = ROOT / "lisbon_core"
MOST_ARROWS = 90


def module_of(path) -> str:
    """Dotted name of a file, without the package's own."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def imported(path) -> set[str]:
    """Modules of the package that a file imports from, in its functions too; of a room, where the name is defined."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "lisbon_core":
            inner = node.module.partition(".")[2]
            for one in node.names:
                within = PACKAGE.joinpath(*filter(None, inner.split(".")), one.name)
                found.add(f"{inner}.{one.name}".strip(".") if within.is_dir() or within.with_suffix(".py").is_file()
                          else inner)
        elif isinstance(node, ast.Import):
            found |= {one.name.partition(".")[2] for one in node.names if one.name.startswith("lisbon_core.")}
    return found - {"", module_of(path)}


IMPORTS = {module_of(path): imported(path) for path in PACKAGE.rglob("*.py")
           if path.parent != PACKAGE or path.name != "__init__.py"}


def room(module: str) -> str:
    """The folder or file at the top of the package."""
    return module.partition(".")[0]


def test_no_import_goes_round():
    """Neither between modules nor between rooms: `static_order` raises a CycleError that names the circle."""
    faces = {name for name in IMPORTS if (PACKAGE / name.replace(".", "/") / "__init__.py").is_file()}
    list(TopologicalSorter({name: of - faces for name, of in IMPORTS.items() if name not in faces}).static_order())
    between = {}
    for name, of in IMPORTS.items():
        between.setdefault(room(name), set()).update({room(one) for one in of} - {room(name)})
    list(TopologicalSorter(between).static_order())
    assert sum(map(len, between.values())) <= MOST_ARROWS


def test_arrows_between_kinds_of_room_go_down():
    def kind(module: str) -> int:
        return KINDS.index(room(module)) if room(module) in KINDS else 0

    for name, of in IMPORTS.items():
        if name != "__main__":
            assert all(kind(one) <= kind(name) for one in of), f"{name} imports from a room above it: {of}"
