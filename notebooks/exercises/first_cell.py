# Does nothing where Lisbon is installed. Elsewhere, on Colab for one, it installs it from the wheel beside this notebook.
import importlib.util
import site
import subprocess
import sys
import sysconfig
from pathlib import Path

if importlib.util.find_spec("lisbon_core") is None:
    wheel = max(Path().glob("lisbon_core-*.whl"), default=None)
    assert wheel, "Lisbon is missing here: put lisbon_core-...whl, from the folder you were given, beside this notebook."
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    site.addsitedir(sysconfig.get_path("purelib"))  # to find it without a new start
