"""Build the site, or the PDF, from the executed notebooks."""

import argparse
import sys
from pathlib import Path

from lisbon_core._core import LisbonError
from lisbon_core.tools.provenance import ROOT
from lisbon_core.tools.site.build import build_pdf, build_site


def main(argv: list[str] | None = None) -> int:
    """Build and say where it is; 0 if it was built, 2 if a sentence says why not."""
    parser = argparse.ArgumentParser(prog="python -m lisbon_core.tools.site", description=__doc__)
    parser.add_argument("--pdf", action="store_true", help="one PDF of the whole, through headless Chromium")
    parser.add_argument("--out", type=Path, default=ROOT / "_build", metavar="DIR", help="where it goes (_build)")
    arguments = parser.parse_args(argv)
    try:
        build = build_pdf if arguments.pdf else build_site
        print(f"Open {build(arguments.out.absolute())}")
    except LisbonError as error:
        print(f"lisbon: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
