"""Draws the odds of the canaries: how often a version is stopped, by how much more of its calls fail, at each traffic.

It must not compute odds: it draws the curves that it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from scripts.canary.table import Curve

_DOTS_PER_INCH = 120
_PROMISED = 95


def draw_odds(panels: Mapping[str, Sequence[Curve]], file: Path) -> None:
    """A panel for each kind of unit, side by side; SVG or PNG by the ending. The same curves, the same bytes."""
    with mpl.rc_context({"svg.hashsalt": "canary", "font.size": 9, "svg.fonttype": "none"}):
        figure = Figure(figsize=(5 * len(panels), 4), layout="constrained")
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axis, (title, curves) in zip(axes, panels.items(), strict=True):
            for curve in curves:
                axis.plot(
                    curve.excess_percent, curve.stopped_percent, marker=".", label=f"{curve.per_minute:g} calls/min"
                )
            axis.axhline(_PROMISED, color="grey", linewidth=0.8, linestyle="--")
            axis.set_xscale("symlog", linthresh=1)
            axis.set_xticks([0, 1, 2, 5, 10, 30, 100], labels=["0", "1", "2", "5", "10", "30", "100"])
            axis.set_title(title)
            axis.set_xlabel("calls of the new version that fail more than the old one's (%)")
            axis.grid(visible=True, alpha=0.3)
        axes[0].set_ylabel("releases stopped (%)")
        axes[0].legend(loc="lower right")
        metadata = {"Date": None} if file.suffix == ".svg" else {"Software": None}
        figure.savefig(file, dpi=_DOTS_PER_INCH, metadata=metadata)
