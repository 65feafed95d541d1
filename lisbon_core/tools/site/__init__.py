"""The compendium as a website and as one PDF: `python -m lisbon_core.tools.site [--pdf]`."""
