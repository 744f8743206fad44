from __future__ import annotations

import pytest

from rehearsal.plan.resource_standing import resource_table
from scripts.resource_types_page import COMMAND, PAGE, with_section


def test_fidelity_page_shows_the_table_of_resource_types_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page == with_section(page, resource_table()), f"{PAGE.name} is old: run `{COMMAND}`"


def test_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"fidelity\.md lacks the lines"):
        with_section("# A page\n", resource_table())
