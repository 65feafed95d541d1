"""The compendium as a website and as one PDF: `python -m lisbon_core.tools.site [--pdf]`."""

from lisbon_core.tools.site.build import SiteError, build_pdf, build_site

__all__ = ["SiteError", "build_pdf", "build_site"]
