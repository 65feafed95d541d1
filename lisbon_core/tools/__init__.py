"""Everything that knows notebooks, files and the terminal, and nothing of physics."""
