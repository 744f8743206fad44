from __future__ import annotations

import json
from pathlib import Path

from rehearsal.codebuild.app_settings import with_settings
from rehearsal.codebuild.sandbox import Sandbox
from rehearsal.source.settings import Settings


def test_sandbox_has_the_variables_and_the_context_of_the_settings_below_its_own(tmp_path: Path) -> None:
    bare = Sandbox(tmp_path, tmp_path, {"LANG": "C.UTF-8"})
    settings = Settings(variables={"OWNER": "somebody", "LANG": "de"}, context={"zones": ["eu-west-3a"]})

    sandbox = with_settings(bare, settings)

    assert sandbox.environment == {"OWNER": "somebody", "LANG": "C.UTF-8"}
    assert json.loads((tmp_path / ".cdk.json").read_text()) == {"context": {"zones": ["eu-west-3a"]}}


def test_sandbox_stays_as_it_is_when_there_are_no_settings(tmp_path: Path) -> None:
    bare = Sandbox(tmp_path, tmp_path, {"LANG": "C.UTF-8"})

    assert with_settings(bare, Settings()) == bare
    assert list(tmp_path.iterdir()) == []
