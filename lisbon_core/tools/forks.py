"""Kernels forked from one server, multiprocessing's own, that has imported what every notebook imports: Linux only.

Each is there at once, not after seconds of imports. The server has no threads that a fork could copy in any state.
"""

import multiprocessing
import os
import sys
import threading

from jupyter_client.provisioning import LocalProvisioner

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
        _SERVED.update({} if _SERVED else own)
        return own == _SERVED

    async def launch_kernel(self, cmd, **options):
        """Fork in place of the command, in a session of its own as other kernels are."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(IMPORTED)
        self.process = _Process(target=_serve, args=(cmd[cmd.index("-f"):], options["env"], options["cwd"]))
        self.process.start()
        self.pid = self.pgid = self.process.pid
        return self.connection_info


def _serve(arguments: list[str], environment: dict, folder: str) -> None:
    from ipykernel.kernelapp import launch_new_instance

    os.setsid()
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.update(environment | {"JPY_PARENT_PID": str(os.getppid())})  # one inherited would end it at once
    os.chdir(folder)
    launch_new_instance(argv=arguments)
