"""One notebook in a kernel of its own, by papermill; kernels can be ended from outside, all at once."""

import logging
import os
import weakref
from pathlib import Path
from unittest.mock import patch

import nbformat
import papermill
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop
from traitlets.config import Config

from lisbon_core.ground._core import cache_folder
from lisbon_core.tools import pairing
from lisbon_core.tools.forks import Forked
from lisbon_core.tools.provenance import ROOT

_STARTED = weakref.WeakSet()
# Else each kernel warns of unencrypted sockets.
CONFIG = Config({"KernelManager": {"transport_encryption": "auto"}})


class Kernel(AsyncKernelManager):
    """A kernel of this very interpreter, whatever else the machine calls python3."""

    kernel_spec = KernelSpec(**get_kernel_dict())

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        _STARTED.add(self)
        if Forked.serves():
            self.provisioner = Forked(kernel_spec=self.kernel_spec, parent=self)


def end_all() -> None:
    """Kill every kernel that runs; what waits for its answer then fails."""
    for kernel in list(_STARTED):
        if process := getattr(kernel.provisioner, "process", None):
            process.kill()


def environment(jobs: int):
    """Context of the environment that kernels inherit, put back afterwards.

    They import the package that runs here, show figures in the notebook whatever backend was named before, hold by the
    assertions in it whatever Python was told, and find the same cache from their folder as from here. One
    notebook at a time may bind its threads to cores; several would bind to the same ones, so they share the cores
    freely, with more threads than cores since the longest notebook runs alone for most of its time. BLAS beside numba
    is faster with one thread.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    each = max(1, min(cores, 2 * cores // jobs))
    threads = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": str(each)}
    threads |= {"OMP_PROC_BIND": "true", "OMP_PLACES": "cores"} if jobs == 1 else {"OMP_WAIT_POLICY": "passive"}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return patch.dict(os.environ, threads | dict(os.environ) | {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYTHONPATH": path,
        "PYDEVD_DISABLE_FILE_VALIDATION": "1", "LISBON_HEADLESS": "1", "LISBON_CACHE": str(cache_folder().absolute()),
        "PYTHONOPTIMIZE": "", "PYTHONSAFEPATH": "1"})


def execute(source: Path, parameters: dict, place: Path, out: Path) -> str:
    """Execute a notebook and leave it in `place`, also where a cell fails; a sentence says why, empty if none does.

    It writes into `place` too. Run again by hand, it shall write into `out`, where all this goes.
    """
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # it warns of parameters that are not declared
    target, failure = place / f"{source.stem}.ipynb", ""
    try:
        papermill.execute_notebook(
            pairing.read(source), str(target).replace("{", "{{").replace("}", "}}"), progress_bar=False, config=CONFIG,
            parameters=parameters | {"run_dir": str(place)}, kernel_name="python3", kernel_manager_class=Kernel,
            resources={"metadata": {"path": str(source.parent)}},
            extra_arguments=["--log-level=50"])  # else some kernels complain of being told to stop
    except papermill.PapermillExecutionError as error:
        failure = f"{error.ename} in cell {error.exec_count}: {error.evalue.strip()}"
    except Exception as error:  # a kernel that died, a full disk: the others go on
        failure = f"{type(error).__name__}: {str(error).strip()}"
    finally:
        ensure_event_loop().close()  # the loop of this thread, which nobody else closes
    if target.exists():
        text = nbformat.writes(pairing.tidy(nbformat.read(target, as_version=4)))
        target.write_text(text.replace(str(place), str(out)) + "\n", encoding="utf-8")
    return failure.partition("\n")[0]
