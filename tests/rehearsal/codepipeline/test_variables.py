from __future__ import annotations

import json

import pytest

from rehearsal.codepipeline.variables import resolve_configuration, resolve_text
from rehearsal.errors import ActionFailed

VARIABLES = {"Source@app": {"CommitId": "c1", "CommitMessage": 'say "hi"\nagain'}, "codepipeline": {"Id": "e1"}}


def test_variables_are_replaced_wherever_they_stand() -> None:
    assert resolve_text("#{Source@app.CommitId} in #{codepipeline.Id}, #no, #{}", VARIABLES) == "c1 in e1, #no, #{}"


@pytest.mark.parametrize("key", ["EnvironmentVariables", "ParameterOverrides"])
def test_json_stays_json_when_a_value_has_quotes_and_line_ends(key: str) -> None:
    configuration = {key: '[{"name": "MESSAGE", "value": "#{Source@app.CommitMessage}"}]'}

    resolved = resolve_configuration(configuration, VARIABLES)

    assert json.loads(resolved[key]) == [{"name": "MESSAGE", "value": 'say "hi"\nagain'}]


def test_json_without_variables_stays_as_it_was_written() -> None:
    text = '[{"name":"A","value":"1"}]'

    assert resolve_configuration({"EnvironmentVariables": text}, VARIABLES) == {"EnvironmentVariables": text}


def test_unknown_variable_fails_the_action_and_names_those_that_are_known() -> None:
    with pytest.raises(ActionFailed, match="CommitId, CommitMessage"):
        resolve_text("#{Source@app.Tag}", VARIABLES)
