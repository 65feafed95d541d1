"""The course: exercises and slides from one source, hidden checks, an unknown sky for each student; uses the tools."""

from lisbon_core.ground._core import LisbonError


class CourseError(LisbonError):
    """An exercise, or a student's notebook, that cannot be used."""
