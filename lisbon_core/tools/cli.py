"""The command `lisbon`: list the notebooks, run them, look at a map, compare two runs, sweep parameters."""

import argparse
import inspect
import math
import os
import sys
from dataclasses import fields
from pathlib import Path

from lisbon_core._core import LisbonError
from lisbon_core.parameters import FAST, FILES, RunParameters, absolute, checked
from lisbon_core.tools import pairing
from lisbon_core.tools.locks import check_cache
from lisbon_core.tools.provenance import NOTEBOOKS

__all__ = ["UsageError", "main"]

class UsageError(LisbonError):
    """A command line that does not say what it should."""


class _Parser(argparse.ArgumentParser):
    """Parser that answers a mistake with one sentence."""

    def error(self, message):
        raise UsageError(f"{message[0].upper()}{message[1:]} (see '{self.prog} --help').")


def _list(arguments) -> None:
    """List the notebooks, and the parameters of a run: type, default, range, meaning."""
    from lisbon_core.tools.tables import plain_table

    rows = [(f"  {path.stem}", pairing.title(path),
             ", ".join(name for name in pairing.parameters(path) if name != "run_dir"))
            for path in pairing.sources(arguments.folder)]
    print(plain_table(rows, ("Notebooks", "", "Parameters in the first cell")))
    print("\nParameters of a run (lisbon run --set name=value): each reaches every notebook that depends on it")
    print(plain_table([(f"  {name}", *rest) for name, *rest in RunParameters.table()],
                      ("  name", "type", "default", "allowed", "meaning")))


def _run(arguments) -> int:
    """Run all notebooks, or those named, into a folder: executed notebooks, figures/, results.json, provenance.json,
    report.md. Notebooks that ended well there before, from the same inputs, are kept.
    """
    _at_least(arguments, jobs=1)
    named = sorted({pairing.find(name, arguments.folder) for name in arguments.notebooks})
    chosen, given = named or pairing.sources(arguments.folder), _settings(arguments)
    known = {field.name for field in fields(RunParameters)} | {"run_dir"}
    own = {name: checked(name, given.pop(name), one.default, {"help": one.help}) for path in chosen
           for name, one in pairing.parameters(path).items() if name in given and name not in known}
    parameters = RunParameters.from_mapping(given)

    from lisbon_core.run import check_inputs  # after the cheap checks: it brings numba
    from lisbon_core.tools import runner
    from lisbon_core.tools.tables import plain_table

    check_inputs(parameters)
    check_cache()
    values = {name: getattr(parameters, name) for name in given} | own
    values |= {name: absolute(values[name]) for name in FILES if values.get(name)}
    report = runner.run(chosen, values, Path(arguments.out), arguments.jobs, notebook_folder=arguments.folder,
                        force=arguments.force)
    print()
    if report.results["claims"]:
        print(plain_table(report.results), end="\n\n")
    if not report.ok:
        print(report, file=sys.stderr)
    return 0 if report.ok else 1


def _map(arguments) -> None:
    """Read a sky map and say what was read: coverage, harmonics, problems."""
    from lisbon_core.tools.reports import map_report

    print(map_report(arguments.path, arguments.sigma, arguments.averaging))


def _compare(arguments) -> None:
    """Claims, parameters and versions in which two runs differ."""
    from lisbon_core.tools.reports import compare_runs

    print(compare_runs(*arguments.folders))


def _sweep(arguments) -> int:
    """Run the chain, without the notebooks, at many parameters. Each run is a row of DIR/sweep.jsonl with its
    parameters, every claim, or why it failed; DIR/sweep.ecsv is the same as a table. The same command given again goes
    on where it was.

      --set order=3,5,7                   a list
      --set field_lon=210:230:5           a grid: first, last and step, both ends included
      --set 'field_uG=uniform(2,4)'       a law to draw from: uniform, loguniform (low, high), normal (mean, deviation);
                                          with --sample N
      --set sky_map=mine.fits             one value for all runs

    All combinations of lists and grids are run, each with every draw. Where direction (and strength) of the
    interstellar field are swept, the field that suits the sky best is reported at the end, with the joint covariance of
    field, A_n and G in DIR/field.ecsv and chi-square drawn in DIR/field.png.
    """
    _at_least(arguments, jobs=1, attempts=1, closer=0)
    from lisbon_core.tools import sweep, sweep_plan, sweep_report, workers

    points = sweep_plan.read_points(arguments.points) if arguments.points else None
    plan = sweep_plan.plan(_settings(arguments), sample=arguments.sample, seed=arguments.seed,
                           points=points, alone=arguments.alone)
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


def _equations(arguments) -> None:
    """The equations with their code, notebook and tests."""
    from lisbon_core.tools.equations import lines

    print(lines())


def _check(arguments) -> int:
    """Run the hidden checks on a student's notebook, in a fresh kernel and a temporary folder.

    Its code runs with your rights.
    """
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
    """Make the unknown sky of a student, or grade what the student found."""
    from lisbon_core.sky.files import write_sky_map
    from lisbon_core.studies import unknown_sky

    if bool(arguments.out) == bool(arguments.grade):
        raise UsageError("Give --out to make the sky of a student, or --grade to grade an answer: one of the two.")
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


def _at_least(arguments, **least: int) -> None:
    for name, number in least.items():
        if getattr(arguments, name) < number:
            raise UsageError(f"--{name} {getattr(arguments, name)} makes no sense: give {number} or more.")


def _settings(arguments) -> dict:
    """Names and what is given for them: by --fast, then in the YAML file, then by --set."""
    settings = (FAST if arguments.fast else {}) | (_yaml(arguments.params) if arguments.params else {})
    for setting in arguments.settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"--set {setting} has no '=': write --set name=value.")
        settings[name.strip()] = text.strip()
    return settings


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


def _option(*names: str, **how) -> tuple:
    return names, how


JOBS = min(2, os.cpu_count() or 1)
FOLDER = _option("--notebooks", default=NOTEBOOKS, type=Path, dest="folder", help=argparse.SUPPRESS)
OF_RUNS = (
    _option("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings", help="a parameter"),
    _option("--params", metavar="FILE.yaml", help="parameters from a YAML file; --set wins over it"),
    _option("--fast", action="store_true", help="coarse grid: the whole chain in under a minute"),
    _option("--jobs", type=int, default=JOBS, metavar="N", help=f"notebooks or runs at the same time (default {JOBS})"),
    _option("--out", required=True, metavar="DIR", help="folder of all that is made, itself made if needed"))
# a command by its name: what does it (and says so in its docstring), a line of help, options
COMMANDS = {
    "list": (_list, "notebooks and their parameters", [FOLDER]),
    "run": (_run, "run notebooks with your parameters", [
        FOLDER, *OF_RUNS,
        _option("notebooks", nargs="*", metavar="NOTEBOOK", help="number, stem or path; all if none is named"),
        _option("--force", action="store_true", help="run also the notebooks whose inputs have not changed")]),
    "map": (_map, "what a sky map holds", [
        _option("path", metavar="FILE", help="table, FITS image or HEALPix file"),
        _option("--sigma", type=float, default=1e-4, help="error of a pixel where the file has none"),
        _option("--averaging", type=float, default=5.0, help="radius of the disc average, degrees")]),
    "compare": (_compare, "how two runs differ", [_option("folders", nargs=2, metavar="DIR", help="folder of a run")]),
    "sweep": (_sweep, "the chain at many parameters", [
        *OF_RUNS,
        _option("--points", metavar="FILE.csv",
                help="runs listed one by one: a line of parameter names, then one run a line; each with all of --set"),
        _option("--sample", type=int, metavar="N", help="number of draws from the laws"),
        _option("--seed", type=int, default=0, metavar="N", help="of the draws"),
        _option("--alone", action="store_true",
                help="vary one parameter at a time, the others at their defaults or at the single value you set"),
        _option("--closer", type=int, default=0, metavar="N",
                help="after a sweep of field directions, N times 19 more around the best, closer each time"),
        _option("--scheduler", metavar="ADDRESS", help="a dask.distributed cluster does the work instead"),
        _option("--attempts", type=int, default=3, metavar="N",
                help="how often a run that fails is tried, once each time the command is given (default 3)")]),
    "equations": (_equations, "where each equation is computed, shown and proved", []),
    "check": (_check, "check a student's exercise notebook", [
        _option("files", nargs="+", metavar="FILE.ipynb", help="filled notebook of _build/course/student"),
        _option("--seconds", type=float, default=300.0, help="limit for each notebook (default 300)")]),
    "capstone": (_capstone, "an unknown sky for a student, and its grade", [
        _option("--student", required=True, metavar="NAME", help="name or number: the sky follows from it"),
        _option("--secret", default="", metavar="WORD",
                help="the lecturer's, the same for sky and grade: without it students can compute the truth"),
        _option("--out", metavar="SKY.ecsv", help="write the sky here"),
        _option("--grade", metavar="ANSWER.toml", help="grade this answer by its pulls")])}


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="lisbon", description="Lisbon: TeV cosmic-ray anisotropy as an executable paper.")
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND", parser_class=_Parser)
    for name, (does, summary, options) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=inspect.getdoc(does),
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
        command.set_defaults(command=does)
        for names, how in options:
            command.add_argument(*names, **how)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return its exit code: 0 done, 1 a notebook failed, 2 a mistake that a sentence explains."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        if argv and not argv[0].startswith("-") and argv[0] not in COMMANDS:
            raise UsageError(f"No command is called {argv[0]}: {pairing.suggestion(argv[0], COMMANDS)}")
        arguments = _parser().parse_args(argv)
        return arguments.command(arguments) or 0
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
