"""The command `lisbon`: notebooks, maps, runs, sweeps, the course; and what `make` calls: the paper and its site.

A command is a function: what it is given are its options, its docstring is its help, and what it returns is printed, or
is the exit code.
"""

import argparse
import contextlib
import importlib
import inspect
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

from lisbon_core.ground._core import LisbonError, require
from lisbon_core.ground.fields import parameter_table
from lisbon_core.ground.reading import parsed
from lisbon_core.parameters import FAST, RunParameters, suggestion
from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT, check_cache
from lisbon_core.tools.tables import plain_table


class _Parser(argparse.ArgumentParser):
    """Parser that answers a mistake with one sentence."""

    def error(self, message):
        raise LisbonError(f"{message[0].upper()}{message[1:]} (see '{self.prog} --help').")


def listed(folder: Path) -> str:
    """List the notebooks, and the parameters of a run: type, default, range, meaning."""
    rows = [(f"  {path.stem}", pairing.title(path),
             ", ".join(name for name in pairing.parameters(path) if name != "run_dir"))
            for path in pairing.sources(folder)]
    parameters = [(f"  {name}", *rest) for name, *rest in parameter_table(RunParameters)]
    return "\n".join([
        plain_table(rows, ("Notebooks", "", "Parameters in the first cell")),
        "\nParameters of a run (lisbon run --set name=value): each reaches every notebook that depends on it",
        plain_table(parameters, ("  name", "type", "default", "allowed", "meaning"))])


def run(notebooks: list[str], folder: Path, out: Path, jobs: int, force: bool, **given) -> int:
    """Run all notebooks, or those named, into a folder: executed notebooks, figures/, results.json, provenance.json,
    report.md. Notebooks that ended well there before, from the same inputs, are kept.
    """
    chosen, settings = {pairing.find(name, folder) for name in notebooks}, _settings(**given)
    parameters = RunParameters.from_mapping(settings)
    check_cache()

    from lisbon_core.run import check_inputs  # after the cheap checks: it brings numba, which writes to the cache
    from lisbon_core.tools import runner

    check_inputs(parameters)
    values = {name: value for name, value in parameters.as_dict().items() if name in settings}
    ended = runner.run(chosen, values, out, jobs, notebook_folder=folder, force=force)
    return 0 if all(one.ok for one in ended) else 1


def sweep(out: Path, jobs: int, attempts: int, sample: int | None, seed: int, closer: int, scheduler: str | None,
          **given) -> int:
    """Run the chain, without the notebooks, at many parameters. Each run is a row of DIR/sweep.jsonl with its
    parameters, every claim, or why it failed; DIR/sweep.ecsv is the same as a table. The same command given again goes
    on where it was.

        --set order=3,5,7               a list
        --set field_lon=210:230:5       a grid: first, last and step, both ends included
        --set 'field_uG=uniform(2,4)'   a law to draw from: uniform, loguniform (low, high), normal (mean, deviation);
                                        with --sample N
        --set sky_map=mine.fits         one value for all runs

    All combinations of lists and grids are run, each with every draw. A run that fails is tried once each time the
    command is given, --attempts times in all.

    Where direction (and strength) of the interstellar field are swept, the field that suits the sky best is reported at
    the end, with the joint covariance of field, A_n and G in DIR/field.ecsv and chi-square drawn in DIR/field.png;
    --closer N tries 19 more directions around it, N times, closer each time.
    """
    check_cache()

    from lisbon_core.studies import swept_fields
    from lisbon_core.tools import sweep, sweep_plan, workers

    plan = sweep_plan.plan(_settings(**given), sample=sample, seed=seed)
    of_fields = {"field_lon", "field_lat"} <= {*plan.varied} <= {*swept_fields.FIELD}
    varied = ", ".join(plan.varied) or "nothing"
    require(not closer or (of_fields and len(plan.varied) == 2), "--closer goes on from a sweep of field_lon and "
            f"field_lat, but this one varies {varied}: sweep these two alone, or leave --closer out.")
    print(f"{len(plan.runs)} runs, which differ in {varied}, into {out}", flush=True)
    with workers.cluster(scheduler) if scheduler else workers.Processes(jobs) as executor:
        rows = sweep.sweep(plan, out, executor, attempts=attempts)
        for _ in range(closer):
            plan = replace(plan, runs=swept_fields.closer(rows, plan.runs))
            rows = sweep.sweep(plan, out, executor, attempts=attempts)
    done = [row["status"] == "done" for row in rows]
    print(sweep.summary(rows, out))
    if of_fields and any(done):
        print(*swept_fields.best_field(rows, plan.varied, plan.runs[0], out), sep="\n")
    return 0 if all(done) else 1


def _settings(settings: list[str], params: str | None, fast: bool) -> dict:
    """Names and what is given for them: by --fast, then in the YAML file, then by --set."""
    given = (FAST if fast else {}) | (_yaml(params) if params else {})
    for setting in settings:
        name, equals, text = setting.partition("=")
        require(equals, f"--set {setting} has no '=': write --set name=value.")
        given[name.strip()] = text.strip()
    return given


def _yaml(path: str) -> dict:
    import yaml

    # each value as the text that stands there: YAML 1.1 reads 1:10:1 as a number of base 60, and 010 as 8
    content = parsed(path, lambda text: yaml.BaseLoader(text).get_single_data() or {}, lambda why: LisbonError(
        f"Cannot read --params {path} as YAML: {why}."))
    require(isinstance(content, dict),
            f"--params {path} must hold lines 'name: value', not a {type(content).__name__}.")
    return {str(name): value for name, value in content.items()}


def _from(least: int, most: int = 1_000_000):
    """Type of an option that is a whole number within bounds."""
    def whole_number(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,20}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text[:20]} makes no sense: give a whole number from {least} to {most}")
        return int(text)

    return whole_number


def _option(*names: str, **how) -> tuple:
    return names, how


FOLDER = _option("--notebooks", default=NOTEBOOKS, type=Path, dest="folder", help=argparse.SUPPRESS)
JOBS = _option("--jobs", type=_from(1, 1000), default=min(2, os.cpu_count() or 1), metavar="N",
               help="done at the same time")
OF_RUNS = (
    _option("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings", help="a parameter"),
    _option("--params", metavar="FILE.yaml", help="parameters from a YAML file; --set wins over it"),
    _option("--fast", action="store_true", help="coarse grid: the whole chain in under a minute"),
    _option("--out", required=True, type=Path, metavar="DIR", help="folder of all that is made"), JOBS)
BUILD = _option("--out", type=lambda path: Path(path).absolute(), default=ROOT / "_build", help="folder (_build)")
# a command by its name: module and function that do it, a line of help, options
COMMANDS = {
    "list": ("tools.cli:listed", "notebooks and their parameters", [FOLDER]),
    "run": ("tools.cli:run", "run notebooks with your parameters", [
        FOLDER, *OF_RUNS, _option("--force", action="store_true", help="run also what has not changed"),
        _option("notebooks", nargs="*", metavar="NOTEBOOK", help="number, stem or path; all if none is named")]),
    "map": ("studies.map_report:map_report", "what a sky map holds", [
        _option("path", metavar="FILE", help="table, FITS image or HEALPix file"),
        _option("--sigma", type=float, default=1e-4, dest="sigma_default", help="error of a pixel, if it has none"),
        _option("--averaging", type=float, default=5.0, dest="averaging_deg", help="radius of the discs, degrees")]),
    "heliosphere": ("tools.importing:import_files", "make a gridded heliosphere of an MHD simulation", [
        _option("files", nargs="+", metavar="FILE", help="of one simulation"),
        _option("--out", default="", metavar="FILE.h5", help="write it here, and a picture beside it"),
        _option("--frame", default="", metavar="NAME", help="of x, y, z: solar-downwind (default: z the Sun's axis, x "
                "downwind), solar-upwind, ecliptic-downwind, ecliptic-upwind, hgi, ecliptic, icrs, galactic"),
        _option("--units", default="", metavar="UNITS", help="of lengths, speeds and fields, such as 'AU km/s nT'"),
        _option("--medium", type=float, nargs=6, metavar="X", help="undisturbed B, microgauss, and velocity, km/s"),
        _option("--shape", type=_from(2, 1000), nargs=3, default=(192, 96, 128), metavar="N",
                help="nodes in r, theta, phi"),
        _option("--radii", type=float, nargs=2, metavar="AU", dest="r_AU", help="first and last radius of the grid"),
        _option("--clean", action="store_true", help="take away what divergence B has on the grid")]),
    "compare": ("tools.reports:compare_runs", "how two runs differ", [
        _option("first", help="folder of a run"), _option("second", help="folder of another")]),
    "sweep": ("tools.cli:sweep", "the chain at many parameters", [
        *OF_RUNS, _option("--sample", type=_from(1), metavar="N", help="number of draws from the laws"),
        _option("--seed", type=_from(0, 2**63 - 1), default=0, metavar="N", help="of the draws"),
        _option("--closer", type=_from(0), default=0, metavar="N", help="then N times 19 more fields around the best"),
        _option("--scheduler", metavar="ADDRESS", help="a dask.distributed cluster does the work instead"),
        _option("--attempts", type=_from(1), default=3, metavar="N", help="how often a run that fails is tried (3)")]),
    "equations": ("tools.reference:equation_lines", "where each equation is computed, shown and proved", []),
    "check": ("course.checking:check_all", "check a student's exercise notebook", [
        _option("files", nargs="+", metavar="FILE.ipynb", help="filled notebook of _build/course/student"),
        _option("--csv", action="store_true", dest="table", help="a line an exercise: file, exercise, how it ended"),
        _option("--seconds", type=_from(1), default=300, help="limit for each notebook (default 300)")]),
    "capstone": ("course.unknown_sky:capstone", "an unknown sky for a student, and its grade", [
        _option("--student", required=True, metavar="NAME", help="name or number: the sky follows from it"),
        _option("--secret", default="", metavar="WORD", help="the lecturer's: without it the truth can be computed"),
        _option("--out", metavar="SKY.ecsv", help="write the sky here"),
        _option("--grade", dest="answer", metavar="ANSWER.toml", help="grade this answer by its pulls")]),
    "costs": ("studies.costs:measured", "what a run costs, measured on this machine", []),
    "paper": ("tools.publish:paper", "all notebooks at the defaults, what is committed anew (make paper)", [JOBS]),
    "site": ("tools.site.build:build_site", "the website (make site)", [BUILD]),
    "pdf": ("tools.site.build:build_pdf", "one PDF of the whole (make pdf)", [BUILD]),
    "course": ("course.copies:build", "exercises and slides for a course (make course)", [BUILD])}


def _parser(chosen: str) -> argparse.ArgumentParser:
    """Parser of all commands, of which the chosen one is imported."""
    parser = _Parser(prog="lisbon", description="Lisbon: TeV cosmic-ray anisotropy as an executable paper.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    for name, (where, summary, options) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name == chosen:
            module, _, function = where.partition(":")
            does = getattr(importlib.import_module(f"lisbon_core.{module}"), function)
            command.description = re.split(r"\n\n\w+\n---", inspect.getdoc(does) or "")[0]
            command.set_defaults(command=does)
            for names, how in options:
                command.add_argument(*names, **how)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return its exit code: 0 done, 1 something failed, 2 a mistake that a sentence explains,
    130 interrupted.
    """
    argv = sys.argv[1:] if argv is None else argv
    os.environ["PYTHONSAFEPATH"] = "1"  # no process that is started here imports from the current folder
    sys.modules.setdefault("rfc3987_syntax", None)  # two seconds for a grammar that no schema of a notebook asks for
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # of a stream that somebody put in its place
            stream.reconfigure(errors="backslashreplace")  # what a terminal cannot show ends no run
    chosen = next((word for word in argv if not word.startswith("-")), "")
    try:
        require(chosen in {"", *COMMANDS}, f"No command is called {chosen}: {suggestion(chosen, COMMANDS)}")
        options = vars(_parser(chosen).parse_args(argv))
        said = options.pop("command")(**options)
        if isinstance(said, int):
            return said
        print(said)
        return 0
    except LisbonError as error:
        print(f"lisbon: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as cut:
        print(f"lisbon: {f'Interrupted {cut}'.strip()}: what had ended is kept; the same command goes on from there.",
              file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has left
        sys.stderr.close()
        return 1
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        print(f"lisbon: Cannot read or write{where} ({error.strerror or error}): see to its rights and to the room on "
              "its disk.", file=sys.stderr)
        return 2
