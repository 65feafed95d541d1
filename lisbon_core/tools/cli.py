"""The command `lisbon`: list the notebooks, run them, look at a map, compare two runs, sweep parameters."""

import argparse
import math
import os
import sys
from dataclasses import fields
from pathlib import Path

from lisbon_core._core import LisbonError
from lisbon_core.tools import pairing
from lisbon_core.tools.locks import check_cache
from lisbon_core.tools.provenance import NOTEBOOKS

__all__ = ["UsageError", "main", "parse_value"]

COMMANDS = ("list", "run", "map", "compare", "sweep", "equations", "check", "capstone")


SWEEP = """\
Run the chain, without the notebooks, at many parameters. Each run is a row of DIR/sweep.jsonl with its parameters,
every claim, or why it failed; DIR/sweep.ecsv is the same as a table. The same command given again goes on where it was.

  --set order=3,5,7                   a list
  --set field_lon=210:230:5           a grid: first, last and step, both ends included
  --set 'field_uG=uniform(2,4)'       a law to draw from: uniform, loguniform (low, high), normal (mean, deviation);
                                      with --sample N
  --set sky_map=mine.fits             one value for all runs

All combinations of lists and grids are run, each with every draw. Where direction (and strength) of the interstellar
field are swept, the field that suits the sky best is reported at the end, with the joint covariance of field, A_n and G
in DIR/field.ecsv and chi-square drawn in DIR/field.png."""


class UsageError(LisbonError):
    """A command line that does not say what it should."""


class _Parser(argparse.ArgumentParser):
    """Parser that answers a mistake with one sentence."""

    def error(self, message):
        raise UsageError(f"{message[0].upper()}{message[1:]} (see '{self.prog} --help').")


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return its exit code: 0 done, 1 a notebook failed, 2 a mistake that a sentence explains."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        if argv and not argv[0].startswith("-") and argv[0] not in COMMANDS:
            raise UsageError(f"No command is called {argv[0]}: {pairing.suggestion(argv[0], COMMANDS)}")
        arguments = _parser().parse_args(argv)
        return arguments.command(arguments)
    except LisbonError as error:
        print(f"lisbon: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of a pipe has left
        sys.stderr.close()
        return 1
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        print(f"lisbon: Cannot read or write{where} ({error.strerror or error}): see to its rights and to the room on "
              "its disk.", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="lisbon", description="Lisbon: TeV cosmic-ray anisotropy as an executable paper.")
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND", parser_class=_Parser)
    listing = commands.add_parser("list", help="notebooks and their parameters",
                                  description="List the notebooks with their parameters: type, default, meaning.")
    listing.set_defaults(command=_list)
    run = commands.add_parser("run", help="run notebooks with your parameters",
                              description="Run all notebooks, or those named, into a folder: executed notebooks, "
                                          "figures/, results.json, provenance.json, report.md. Notebooks that ended "
                                          "well there before, from the same inputs, are kept.")
    run.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="number, stem or path; all if none is named")
    run.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings", help="a parameter")
    run.add_argument("--params", metavar="FILE.yaml", help="parameters from a YAML file; --set wins over it")
    run.add_argument("--fast", action="store_true", help="coarse grid: the whole chain in under a minute")
    run.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), metavar="N",
                     help="notebooks run at the same time (default 2, or as many as there are cores)")
    run.add_argument("--force", action="store_true", help="run also the notebooks whose inputs have not changed since "
                                                          "they last ran into this folder")
    run.add_argument("--out", required=True, metavar="DIR", help="folder of the run, made if needed")
    run.set_defaults(command=_run)
    sky = commands.add_parser("map", help="what a sky map holds",
                              description="Read a sky map and say what was read: coverage, harmonics, problems.")
    sky.add_argument("path", metavar="FILE", help="table, FITS image or HEALPix file")
    sky.add_argument("--sigma", type=float, default=1e-4, help="error of a pixel where the file has none")
    sky.add_argument("--averaging", type=float, default=5.0, help="radius of the disc average, degrees")
    sky.set_defaults(command=_map)
    compare = commands.add_parser("compare", help="how two runs differ",
                                  description="Claims, parameters and versions in which two runs differ.")
    compare.add_argument("folders", nargs=2, metavar="DIR", help="folder of a run")
    compare.set_defaults(command=_compare)
    equations = commands.add_parser("equations", help="where each equation is computed, shown and proved",
                                    description="The equations with their code, notebook and tests.")
    equations.set_defaults(command=_equations)
    sweep = commands.add_parser(
        "sweep", help="the chain at many parameters", formatter_class=argparse.RawDescriptionHelpFormatter,
        description=SWEEP)
    sweep.add_argument("--set", action="append", default=[], metavar="NAME=VALUES", dest="settings",
                       help="values of a parameter, as above")
    sweep.add_argument("--params", metavar="FILE.yaml", help="the same from a YAML file, where a value may be a list; "
                                                             "--set wins over it")
    sweep.add_argument("--points", metavar="FILE.csv", help="runs listed one by one: a line of parameter names, then "
                                                            "one run a line; each is combined with all of --set")
    sweep.add_argument("--sample", type=int, metavar="N", help="number of draws from the laws")
    sweep.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws")
    sweep.add_argument("--alone", action="store_true", help="vary one parameter at a time, the others at their "
                                                            "defaults or at the single value you set")
    sweep.add_argument("--closer", type=int, default=0, metavar="N",
                       help="after a sweep of field directions, N times 19 more around the best, closer each time")
    sweep.add_argument("--fast", action="store_true", help="coarse grid, for a first look")
    sweep.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), metavar="N",
                       help="worker processes (default 2, or as many as there are cores)")
    sweep.add_argument("--scheduler", metavar="ADDRESS", help="a dask.distributed cluster does the work instead")
    sweep.add_argument("--attempts", type=int, default=3, metavar="N",
                       help="how often a run that fails is tried, once each time the command is given (default 3)")
    sweep.add_argument("--out", required=True, metavar="DIR", help="folder of the sweep, made if needed")
    sweep.set_defaults(command=_sweep)
    check = commands.add_parser("check", help="check a student's exercise notebook",
                                description="Run the hidden checks on a student's notebook, in a fresh kernel and a "
                                            "temporary folder. Its code runs with your rights.")
    check.add_argument("files", nargs="+", metavar="FILE.ipynb", help="filled notebook of _build/course/student")
    check.add_argument("--seconds", type=float, default=300.0, help="limit for each notebook (default 300)")
    check.set_defaults(command=_check)
    capstone = commands.add_parser("capstone", help="an unknown sky for a student, and its grade",
                                   description="Make the unknown sky of a student, or grade what the student found.")
    capstone.add_argument("--student", required=True, metavar="NAME", help="name or number: the sky follows from it")
    capstone.add_argument("--secret", default="", metavar="WORD", help="the lecturer's, the same for sky and grade: "
                                                                       "without it students can compute the truth")
    what = capstone.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", metavar="SKY.ecsv", help="write the sky here")
    what.add_argument("--grade", metavar="ANSWER.toml", help="grade this answer by its pulls")
    capstone.set_defaults(command=_capstone)
    for command in (listing, run):
        command.add_argument("--notebooks", default=NOTEBOOKS, type=Path, dest="folder", help=argparse.SUPPRESS)
    return parser


def _list(arguments) -> int:
    from lisbon_core.tools.tables import plain_table

    known = {path: pairing.parameters(path) for path in pairing.sources(arguments.folder)}
    first = next(iter(known.values()))
    shared = [name for name in first if name != "run_dir" and all(name in own for own in known.values())]
    print(plain_table([(f"  {path.stem}", pairing.title(path)) for path in known], ("Notebooks", "")))
    print("\nParameters of every notebook (lisbon run --set name=value)")
    print(_described([first[name] for name in shared]))
    for path, own in known.items():
        if further := [one for name, one in own.items() if name not in shared and name != "run_dir"]:
            print(f"\nFurther parameters of {path.stem}\n{_described(further)}")
    return 0


def _map(arguments) -> int:
    from lisbon_core.tools.reports import map_report

    print(map_report(arguments.path, arguments.sigma, arguments.averaging))
    return 0


def _compare(arguments) -> int:
    from lisbon_core.tools.reports import compare_runs

    print(compare_runs(*arguments.folders))
    return 0


def _equations(arguments) -> int:
    from lisbon_core.tools.equations import lines

    print(lines())
    return 0


def _sweep(arguments) -> int:
    for name, least in (("jobs", 1), ("attempts", 1), ("closer", 0)):
        if getattr(arguments, name) < least:
            raise UsageError(f"--{name} {getattr(arguments, name)} makes no sense: give {least} or more.")
    settings = _yaml(arguments.params) if arguments.params else {}
    for setting in arguments.settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"--set {setting} has no '=': write --set name=values.")
        settings[name.strip()] = text.strip()

    from lisbon_core.parameters import FAST  # after the cheap checks: it brings numba
    from lisbon_core.tools import sweep, sweep_plan, sweep_report, workers

    if arguments.fast:
        settings = FAST | settings
    points = sweep_plan.read_points(arguments.points) if arguments.points else None
    plan = sweep_plan.plan(settings, sample=arguments.sample, seed=arguments.seed, points=points,
                           alone=arguments.alone)
    if arguments.closer and set(plan.varied) != {"field_lon", "field_lat"}:
        raise UsageError(f"--closer goes on from a sweep of field_lon and field_lat, but this one varies "
                         f"{', '.join(plan.varied) or 'nothing'}: sweep these two alone, or leave --closer out.")
    if not arguments.scheduler:
        check_cache()
    print(f"{len(plan.runs)} runs, which differ in {', '.join(plan.varied) or 'nothing'}, into {arguments.out}",
          flush=True)
    if "seed" in plan.varied:
        print("mind: the seed decides which sample the errors of the transport fit are read from, and nothing else: "
              "runs that differ in it alone show how well these errors are known")
    try:
        with (workers.cluster(arguments.scheduler) if arguments.scheduler
              else workers.Processes(arguments.jobs)) as executor:
            rows = sweep.sweep(plan, arguments.out, executor, attempts=arguments.attempts)
            for _ in range(arguments.closer):
                plan = sweep_report.closer(rows, plan)
                rows = sweep.sweep(plan, arguments.out, executor, attempts=arguments.attempts)
    except KeyboardInterrupt:
        print(f"Interrupted: what had ended is in {arguments.out}; give the same command again to go on.",
              file=sys.stderr)
        return 130
    print(sweep_report.summary(rows, plan, Path(arguments.out)))
    return 0 if all(row["status"] == "done" for row in rows) else 1


def _check(arguments) -> int:
    from lisbon_core.tools.course_check import check, report

    if not 0.0 < arguments.seconds < math.inf:
        raise UsageError(f"--seconds {arguments.seconds:g} leaves no time for a check: give 1 or more.")
    done = True
    for name in arguments.files:
        outcomes = check(name, arguments.seconds)
        done &= all(one.ok for one in outcomes)
        print(report(name, outcomes), flush=True)
    return 0 if done else 1


def _capstone(arguments) -> int:
    from lisbon_core.sky.files import write_sky_map
    from lisbon_core.studies import unknown_sky

    check_cache()
    if arguments.out:
        write_sky_map(unknown_sky.sky_of(arguments.student, arguments.secret), arguments.out)
        return 0
    graded = unknown_sky.grade(arguments.student, unknown_sky.read_answer(arguments.grade), arguments.secret)
    print(*graded, sep="\n")
    good = sum(one.verdict == "good" for one in graded)
    total = sum(one.pull**2 for one in graded)
    print(f"{good} of {len(graded)} good; the sum of squared pulls is {total:.1f}, expected about {len(graded)}")
    return 0 if good == len(graded) else 1


def _described(parameters: list) -> str:
    from lisbon_core.tools.tables import plain_table

    rows = [(f"  {one.name}", one.kind, repr(one.default), one.help) for one in parameters]
    return plain_table(rows, ("  name", "type", "default", "meaning"))


def _run(arguments) -> int:
    if arguments.jobs < 1:
        raise UsageError(f"--jobs {arguments.jobs} makes no sense: give 1 or more.")
    named = sorted({pairing.find(name, arguments.folder) for name in arguments.notebooks})
    chosen = named or pairing.sources(arguments.folder)
    known = {name: one for path in chosen for name, one in pairing.parameters(path).items() if name != "run_dir"}
    values = _from_file(arguments.params, known) if arguments.params else {}
    values |= _from_settings(arguments.settings, known)

    from lisbon_core.parameters import FAST, RunParameters  # after the cheap checks: it brings numba
    from lisbon_core.run import check_inputs
    from lisbon_core.tools import runner
    from lisbon_core.tools.tables import plain_table

    if arguments.fast:
        values = {name: value for name, value in FAST.items() if name in known} | values
    for name in runner.PATHS:  # notebooks run in another folder
        if values.get(name) and Path(values[name]).expanduser().exists():
            values[name] = str(Path(values[name]).expanduser().absolute())
    physical = {field.name for field in fields(RunParameters)}
    check_inputs(RunParameters(**{name: value for name, value in values.items() if name in physical}))
    check_cache()

    report = runner.run(chosen, values, Path(arguments.out), arguments.jobs, notebook_folder=arguments.folder,
                        force=arguments.force)
    print()
    if report.results["claims"]:
        print(plain_table(report.results), end="\n\n")
    if not report.ok:
        print(report, file=sys.stderr)
    return 0 if report.ok else 1


def _from_settings(settings: list[str], known: dict) -> dict:
    values = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"--set {setting} has no '=': write --set name=value.")
        values[name.strip()] = parse_value(text, _known(name.strip(), known))
    return values


def _from_file(path: str, known: dict) -> dict:
    return {name: parse_value(value, _known(name, known)) for name, value in _yaml(path).items()}


def _yaml(path: str) -> dict:
    import yaml

    try:
        # each value as the text that stands there: YAML 1.1 reads 1:10:1 as a number of base 60, and 010 as 8
        content = yaml.BaseLoader(Path(path).read_text(encoding="utf-8")).get_single_data()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"Cannot read --params {path}: {getattr(error, 'strerror', None) or 'it is not a text file'}."
                         ) from error
    except yaml.YAMLError as error:
        raise UsageError(f"--params {path} is not valid YAML: {' '.join(str(error).split())}.") from error
    if content is not None and not isinstance(content, dict):
        raise UsageError(f"--params {path} must hold lines 'name: value', not a {type(content).__name__}.")
    return {str(name): value for name, value in (content or {}).items()}


def _known(name: str, known: dict) -> pairing.Parameter:
    if name not in known:
        raise UsageError(f"No parameter is called {name}: {pairing.suggestion(name, known)}")
    return known[name]


def parse_value(value, parameter: pairing.Parameter):
    """Value of a parameter's type from a text of the command line or a value of a YAML file.

    >>> parse_value("7", pairing.Parameter("order", "int", 7, ""))
    7
    >>> parse_value("seven", pairing.Parameter("order", "int", 7, ""))
    Traceback (most recent call last):
    lisbon_core.tools.cli.UsageError: order = seven is not an int: give one such as order=7.
    """
    kinds = [kind.strip() for kind in parameter.kind.split("|")]
    if "None" in kinds and (value is None or str(value).lower() in ("none", "null", "")):
        return None
    try:
        if "bool" in kinds:
            return {"true": True, "false": False, "1": True, "0": False}[str(value).lower()]
        if "str" in kinds and isinstance(value, str):
            return value
        if "int" in kinds and not isinstance(value, bool | float):
            return int(value)
        if "float" in kinds and not isinstance(value, bool) and math.isfinite(float(value)):
            return float(value)
    except (KeyError, TypeError, ValueError):
        pass
    article = "an" if kinds[0][0] in "aeiou" else "a"
    raise UsageError(f"{parameter.name} = {value} is not {article} {kinds[0]}"
                     f"{' (a finite number)' if kinds[0] == 'float' else ''}: "
                     f"give one such as {parameter.name}={parameter.default}.")
