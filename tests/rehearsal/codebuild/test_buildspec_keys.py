"""The keys of the buildspec reference: none is unknown, each is done, noticed or without effect."""

from __future__ import annotations

import pytest
import yaml

from rehearsal.codebuild.buildspec import parse_buildspec
from rehearsal.codebuild.buildspec_keys import KEYS, notices_of_keys
from rehearsal.codebuild.handling import Handling, walk

# "Buildspec syntax" of the reference, whole.
SYNTAX = """
version: 0.2
run-as: Linux-user-name
env:
  shell: bash
  variables: {key: value}
  parameter-store: {key: value}
  exported-variables: [variable]
  secrets-manager: {key: "secret-id:json-key:version-stage:version-id"}
  git-credential-helper: yes
proxy:
  upload-artifacts: yes
  logs: yes
batch:
  fast-fail: false
  build-list: [{identifier: build1}]
phases:
  install:
    run-as: Linux-user-name
    on-failure: ABORT
    runtime-versions: {nodejs: 22}
    commands: [command]
    finally: [command]
  pre_build: {run-as: Linux-user-name, on-failure: CONTINUE, commands: [command], finally: [command]}
  build: {run-as: Linux-user-name, on-failure: ABORT, commands: [command], finally: [command]}
  post_build: {run-as: Linux-user-name, on-failure: ABORT, commands: [command], finally: [command]}
reports:
  report-group-name-or-arn: {files: [location], base-directory: location, discard-paths: no, file-format: JUNITXML}
artifacts:
  files: [location]
  name: artifact-name
  discard-paths: no
  base-directory: location
  exclude-paths: excluded
  enable-symlinks: no
  s3-prefix: prefix
  secondary-artifacts:
    artifactIdentifier:
      files: [location]
      name: secondary-artifact-name
      discard-paths: no
      base-directory: location
cache:
  key: key
  fallback-keys: [fallback-key]
  action: restore
  paths: [path]
"""


def notices(text: str) -> list[str]:
    return list(notices_of_keys(yaml.load(text, Loader=yaml.BaseLoader)))


def test_every_key_of_the_reference_is_known() -> None:
    found = list(walk(yaml.load(SYNTAX, Loader=yaml.BaseLoader), KEYS))

    assert [item.path for item in found if item.known is None] == []
    assert parse_buildspec(SYNTAX).refused == ()


def test_every_key_that_is_not_done_is_noticed_by_name() -> None:
    assert [notice.split(" of a buildspec ")[0] for notice in notices(SYNTAX)] == [
        "run-as",
        "env/git-credential-helper",
        "proxy/upload-artifacts",
        "proxy/logs",
        *(f"phases/{name}/run-as" for name in ("install", "pre_build", "build", "post_build")),
        "reports",
        "cache/key",
        "cache/fallback-keys",
        "cache/action",
    ]


def test_every_key_that_is_not_done_says_why() -> None:
    assert [path for path, known in KEYS.items() if known.handling is not Handling.DONE and not known.words] == []


@pytest.mark.parametrize(
    "text",
    [
        "env: {git-credential-helper: no}",
        "proxy: {logs: no, upload-artifacts: no}",
        "batch: {build-matrix: {}}",
        "artifacts: {name: x, s3-prefix: y}",
    ],
)
def test_a_key_that_asks_for_nothing_is_not_noticed(text: str) -> None:
    assert notices(text) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("artefacts: {files: [x]}", "artefacts"),
        ("env: {variable: {A: 1}}", "env/variable"),
        ("phases: {build: {command: [ls]}}", "phases/build/command"),
        ("phases: {build: {runtime-versions: {nodejs: 22}}}", "phases/build/runtime-versions"),
        ("artifacts: {secondary-artifacts: {docs: {file: x}}}", "artifacts/secondary-artifacts/docs/file"),
        ("cache: {path: [x]}", "cache/path"),
        ("proxy: {log: yes}", "proxy/log"),
    ],
)
def test_a_key_that_the_reference_lacks_is_named(text: str, path: str) -> None:
    assert notices(text) == [f"{path} of a buildspec is no key of the buildspec reference, and does nothing here."]


def test_names_that_the_user_chooses_are_no_keys() -> None:
    assert notices("env: {variables: {files: 1, anything: 2}}\nphases: {install: {runtime-versions: {perl: 5}}}") == []
