"""The compendium as a website and as one PDF: `lisbon site`, `lisbon pdf`."""
