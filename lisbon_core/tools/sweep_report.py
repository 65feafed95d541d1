"""What a sweep ends with."""

from collections import Counter
from pathlib import Path

from lisbon_core.tools.sweep_plan import Plan

__all__ = ["summary"]


def summary(rows: list[dict], plan: Plan, out: Path) -> str:
    """How many runs were done, and why the others were not."""
    done = [row for row in rows if row["status"] == "done"]
    lines = [f"{len(done)} of {len(rows)} runs done; the table is {out / 'sweep.ecsv'}."]
    reasons = Counter(row["reason"] for row in rows if row["status"] != "done")
    lines += [f"  {count} failed: {reason}" for reason, count in reasons.most_common(10)]
    return "\n".join(lines)
