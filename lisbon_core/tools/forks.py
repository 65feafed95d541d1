"""Kernels forked from one server, multiprocessing's own, that has imported what every notebook imports: Linux only.

Each is there at once, not after seconds of imports. The server has no threads that a fork could copy in any state.
It begins where notebooks do, so that no configuration in the user's folder counts.
"""

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing import resource_tracker

from jupyter_client.provisioning import LocalProvisioner

from lisbon_core.tools.provenance import NOTEBOOKS
from lisbon_core.tools.workers import end_with_parent

IMPORTED = ["lisbon_core.tools.forks", "lisbon_core.tools.notebook", "lisbon_core.run", "lisbon_core.tools.sweep",
            "ipykernel.kernelapp", "astropy.coordinates", "fontTools.subset", "matplotlib.pyplot",
            "matplotlib_inline.backend_inline", "scipy.stats"]
_SERVED = {}  # environment of the server


class _Process(getattr(multiprocessing.context, "ForkServerProcess", multiprocessing.Process)):  # none on Windows
    """Answers as a process of subprocess does."""

    stdin = stdout = stderr = None

    def poll(self):
        return self.exitcode

    def wait(self):
        self.join()
        return self.exitcode

    def send_signal(self, signum):
        os.kill(self.pid, signum)


class Forked(LocalProvisioner):
    """Starts a kernel as a fork."""

    @staticmethod
    def serves() -> bool:
        """Whether the server runs, or can be started, in this environment and as this Python was told to run."""
        if sys.platform != "linux" or sys.flags.optimize or sys.flags.ignore_environment:
            return False
        own = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        _SERVED.update(_SERVED or own)
        return own == _SERVED

    async def launch_kernel(self, cmd, **options):
        """Fork in place of the command, in a session of its own as other kernels are."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(IMPORTED)
        process = _Process(target=_serve, args=(cmd[cmd.index("-f"):], options["env"], options["cwd"]))
        resource_tracker.ensure_running()  # which would take away the mask: the server leaves Ctrl-C to the command
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        except (OSError, EOFError):  # no server, as where the folder for its socket has too long a name
            process = None
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        if process is None:
            return await super().launch_kernel(cmd, **options)
        self.process, self.pid, self.pgid = process, process.pid, process.pid
        return self.connection_info


def _serve(arguments: list[str], environment: dict, folder: str) -> None:
    from ipykernel.kernelapp import launch_new_instance

    os.setsid()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.update(environment)
    os.chdir(folder)
    launch_new_instance(argv=arguments)


if "multiprocessing.forkserver" in " ".join(sys.orig_argv):  # this is the server, before it imports the rest
    os.chdir(NOTEBOOKS)
