"""`python -m scripts.resource_types_page` writes the section of docs/fidelity.md on resource types.

It must not know a type: what it writes is the rehearsal's table (rehearsal/plan/resource_types.toml), for people.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from rehearsal.plan.resource_standing import PropertyGroup, Standing, Table, resource_table, short_names

PAGE = Path(__file__).parents[1] / "docs" / "fidelity.md"
COMMAND = "python -m scripts.resource_types_page"
_BEGIN = f"<!-- made from rehearsal/plan/resource_types.toml by `{COMMAND}`: begin -->\n"
_END = "<!-- end -->\n"


def with_section(page: str, table: Table) -> str:
    """The page with its section as the table has it now. ValueError where the page lacks the marks around it."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{PAGE} lacks the lines {_BEGIN!r} and {_END!r} around its section of resource types.")
    section = "".join(f"{line}\n" for line in _section(table))
    return before + begin + section + end + after


def _section(table: Table) -> Iterator[str]:
    works = [kind for group in table.types if group.standing is Standing.WORKS for kind in group.types]
    yield f"**Work**, but for the properties below: {_names(works)}."
    yield ""
    yield "| stored only: deployed, can be referred to | why that is all |"
    yield "| --- | --- |"
    for group in table.types:
        if group.standing is Standing.STORED:
            yield f"| {_names(group.types)} | {group.why} |"
    for kind, rows in groupby(sorted(table.properties, key=lambda row: row.type), key=lambda row: row.type):
        stored = [row for row in rows if row.standing is Standing.STORED]
        if stored:
            yield f"| properties of `{kind}` | {'; '.join(f'{_paths(row)}: {row.why}' for row in stored)} |"
    yield ""
    yield "| refused | why |"
    yield "| --- | --- |"
    for group in table.types:
        if group.standing is Standing.REFUSED:
            yield f"| {_names(group.types)} | {group.why} |"
    for row in table.properties:
        if row.standing is Standing.REFUSED:
            yield f"| {_paths(row)} of `{row.type}` | {row.why} |"
    yield "| any type that is not on this page | nobody here makes it |"


def _names(kinds: tuple[str, ...] | list[str]) -> str:
    return f"`{short_names(dict.fromkeys(kinds, 1))}`"


def _paths(row: PropertyGroup) -> str:
    return ", ".join(f"`{path}`" for path in row.paths)


def main() -> None:
    PAGE.write_text(with_section(PAGE.read_text(encoding="utf-8"), resource_table()), encoding="utf-8")


if __name__ == "__main__":
    main()
