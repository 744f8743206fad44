from __future__ import annotations

from rich.cells import cell_len

from rehearsal.console.table import table

HEAD = ("Stage", "Deployed")
NAME = "CarService-Staging-ApiFunction5B8A3C3D-xYz123AbC"


def test_table_is_as_wide_as_it_is_when_there_is_no_width() -> None:
    assert list(table(HEAD, [("Staging", NAME), ("Prod", "")])) == [
        "Stage    Deployed",
        f"───────  {'─' * len(NAME)}",
        f"Staging  {NAME}",
        "Prod",
    ]


def test_table_breaks_its_widest_cells_when_it_would_be_too_wide() -> None:
    lines = list(table(HEAD, [("Staging", f"as before: {NAME}, and 漢字"), ("Prod", "x")], 40))

    assert max(map(cell_len, lines)) == 40
    assert lines[2:] == [
        "Staging  as before: CarService-Staging-A",
        "         piFunction5B8A3C3D-xYz123AbC,",
        "         and 漢字",
        "Prod     x",
    ]


def test_table_breaks_its_headings_before_its_cells() -> None:
    lines = list(table(("Versions", "Shift (AWS minutes: percent)"), [("1 → 2", "0: 100 %")], 20))

    assert lines == [
        "Versions  Shift",
        "          (AWS",
        "          minutes:",
        "          percent)",
        "────────  ────────",
        "1 → 2     0: 100 %",
    ]


def test_table_loses_nothing_however_narrow_it_has_to_be() -> None:
    lines = list(table(HEAD, [("Staging", NAME)], 5))

    assert NAME in "".join(line[9:] for line in lines)
