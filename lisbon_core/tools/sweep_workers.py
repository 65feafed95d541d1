"""Who does the runs of a sweep: this process, processes on this machine, or a dask.distributed cluster."""

import contextlib
import importlib.util
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for_end

from lisbon_core.tools.sweep_plan import SweepError

__all__ = ["Workers", "cluster", "here", "processes"]


@dataclass(frozen=True)
class Workers:
    """Who does the work: how to make an Executor (anew, when a worker has died), how to stop it, how many runs at once.
    """

    make: Callable[[], Executor]
    stop: Callable[[Executor], None]
    places: int


def here() -> Workers:
    """One run after the other in this process."""
    return Workers(lambda: ThreadPoolExecutor(1), lambda pool: pool.shutdown(wait=True, cancel_futures=True), 1)


def processes(jobs: int) -> Workers:
    """Processes on this machine, which share its cores and end with the process that made them."""
    others = set(multiprocessing.active_children())
    threads = max(1, (os.cpu_count() or 1) // jobs)

    def stop(pool):
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()

    context = multiprocessing.get_context("spawn")  # a fork would copy the threads of numba and BLAS in any state
    return Workers(lambda: ProcessPoolExecutor(jobs, context, _start_worker, (threads,)), stop, jobs)


def _start_worker(threads: int) -> None:
    """Make a fresh process a worker, before it has imported numpy."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which stops its workers
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": str(threads),
                   "TQDM_DISABLE": "1"}
    parent = multiprocessing.parent_process()

    def end_with_parent():
        wait_for_end([parent.sentinel])
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


@contextlib.contextmanager
def cluster(address: str):
    """Workers of a dask.distributed cluster; they need this package, and the files of the run at the same paths.

    Raises
    ------
    SweepError
        If distributed is not installed, or nothing answers at the address, or no worker is there.
    """
    if importlib.util.find_spec("distributed") is None:
        raise SweepError(f"--scheduler {address} needs dask.distributed: install the extra 'dask'")
    from distributed import Client

    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError, TypeError) as error:
        raise SweepError(f"No scheduler answers at --scheduler {address}: start one with `dask scheduler` and give "
                         "the address it prints, such as tcp://10.0.0.1:8786") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=30)
        except TimeoutError:
            raise SweepError(f"The scheduler at {address} has no worker: start some with `dask worker {address}`"
                             ) from None
        # a few more than there are threads, so that none of them waits for its next run
        places = 2 * sum(client.nthreads().values())
        yield Workers(lambda: client.get_executor(pure=False), lambda pool: pool.shutdown(wait=False), places)
