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
_COLUMNS = 2


def draw_odds(panels: Mapping[str, Sequence[Curve]], file: Path) -> None:
    """A panel for each kind of unit, two a row; SVG or PNG by the ending. The same curves, the same bytes."""
    with mpl.rc_context({"svg.hashsalt": "canary", "font.size": 9, "svg.fonttype": "none"}):
        rows = -(-len(panels) // _COLUMNS)
        figure = Figure(figsize=(5 * _COLUMNS, 3.5 * rows), layout="constrained")
        axes = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False).flat
        for axis, (title, curves) in zip(axes, panels.items(), strict=False):
            for curve in curves:
                axis.plot(
                    curve.excess_percent, curve.stopped_percent, marker=".", label=f"{curve.per_minute:g} calls/min"
                )
            axis.axhline(_PROMISED, color="grey", linewidth=0.8, linestyle="--")
            axis.set_xscale("symlog", linthresh=1)
            axis.set_xticks([0, 1, 2, 5, 10, 30, 100], labels=["0", "1", "2", "5", "10", "30", "100"])
            axis.set_xlim(0, 100)
            axis.set_title(title)
            axis.grid(visible=True, alpha=0.3)
            axis.legend(loc="lower right")
        figure.supxlabel("calls of the new version that fail more than the old one's (%)")
        figure.supylabel("releases stopped (%)")
        metadata = {"Date": None} if file.suffix == ".svg" else {"Software": None}
        figure.savefig(file, dpi=_DOTS_PER_INCH, metadata=metadata)
