"""The course: exercises and slides from one source, hidden checks, an unknown sky for each student; uses the tools."""
