"""Work light enough to test who does it: imported by worker processes, so apart from the tests."""

import os
import signal
import time
from pathlib import Path

from lisbon_core.tools.sweep import one_run


def square(parameters):
    """A claim that follows from the parameters."""
    return {"status": "done", "reason": "", "seconds": 0.0, "worker": str(os.getpid()),
            "claims": {"A_1": {"value": parameters["order"] ** 2, "sigma": 1.0, "unit": "", "note": ""}}}


def fail_at_five(parameters):
    """A failure that one run causes each time."""
    if parameters["order"] == 5:
        return {"status": "failed", "reason": "five is too many", "seconds": 0.0, "worker": ""}
    return square(parameters)


def raise_at_five(parameters):
    """A mistake of ours, not caught in the worker."""
    return {}["five"] if parameters["order"] == 5 else square(parameters)


def die_at_five(parameters):
    """A run that takes its worker down each time."""
    if parameters["order"] == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.2)
    return square(parameters)


def die_once(parameters, then=square):
    """A worker that is killed once, whatever it does; `sky_label` names the file that remembers it."""
    if parameters["order"] == 5 and not Path(parameters["sky_label"]).exists():
        Path(parameters["sky_label"]).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return then(parameters)


def chain_and_die_once(parameters):
    """The chain itself, in workers of which one is killed."""
    return die_once(parameters, one_run)


def where(parameters):
    """What the environment of a worker is."""
    time.sleep(0.3)
    return square(parameters) | {"worker": f"{os.getpid()} {os.environ.get('NUMBA_NUM_THREADS')}"}


def slow(parameters):
    """Long enough to be killed in."""
    time.sleep(0.4)
    return square(parameters)
