"""Who does long work: processes on this machine, or a dask cluster; both are `concurrent.futures` Executors.

A worker process imports this module first and numpy only with its first task, so that what `_start_worker` sets holds.
"""

import contextlib
import functools
import importlib.util
import multiprocessing
import os
import signal
import threading
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor

from lisbon_core.ground._core import LisbonError, require


class Processes(ThreadPoolExecutor):
    """Worker processes on this machine, which share its cores and end with the process that made them.

    Each is a `ProcessPoolExecutor` of its own, for which a thread waits: so a process that dies takes along only the
    task it was at. That one is tried once more, in a new process.
    """

    def __init__(self, jobs: int):
        super().__init__(jobs)
        self._others, self._stopped = set(multiprocessing.active_children()), False
        cores = max(1, (os.cpu_count() or 1) // jobs)
        context = multiprocessing.get_context("spawn")  # a fork would copy the threads of numba and BLAS in any state
        self._start = functools.partial(ProcessPoolExecutor, 1, context, _start_worker, (cores,))
        self._idle = [self._start() for _ in range(jobs)]

    def submit(self, task, /, *values):
        """Have `task(*values)` done in one of the processes."""
        return super().submit(self._in_a_process, task, *values)

    def _in_a_process(self, task, *values):
        process = self._idle.pop()
        try:
            for _ in range(2):
                with contextlib.suppress(BrokenExecutor):
                    return process.submit(task, *values).result()
                process = self._start()
                if self._stopped:
                    break
        finally:
            self._idle.append(process)
        raise LisbonError("its worker process died, twice: killed, or out of memory")

    def __exit__(self, kind, *_):
        """Wait for what was handed in; after an error, such as Ctrl-C, end the processes at once."""
        self._stopped = kind is not None
        for process in set(multiprocessing.active_children()) - self._others if self._stopped else ():
            process.terminate()
        self.shutdown(cancel_futures=self._stopped)
        for process in self._idle:
            process.shutdown()


def _start_worker(threads: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which stops its workers
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": str(threads),
                   "TQDM_DISABLE": "1"}
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    """A worker whose parent was killed would wait for its next task for ever."""
    multiprocessing.parent_process().join()
    os._exit(1)


@contextlib.contextmanager
def cluster(address: str):
    """Executor of a dask.distributed cluster; its workers need this package, and the files of a run where they are.

    A task whose worker is lost is tried again by dask itself.

    Raises
    ------
    LisbonError
        If distributed is not installed, or no scheduler that has a worker answers at the address.
    """
    require(importlib.util.find_spec("distributed"),
            f"--scheduler {address} needs dask.distributed: install the extra 'dask'")
    from distributed import Client

    try:
        client = Client(address, timeout="10s")
        client.wait_for_workers(1, timeout=30)
    except (OSError, ValueError, TypeError) as error:
        raise LisbonError(f"No scheduler with a worker answers at --scheduler {address}: start `dask scheduler`, and "
                          "`dask worker` with the address that it prints, such as tcp://10.0.0.1:8786") from error
    with client:
        yield client.get_executor(pure=False)
