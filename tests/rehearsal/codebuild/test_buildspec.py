"""Buildspecs as people and CDK write them, and what is wrong with bad ones."""

from __future__ import annotations

import pytest

from rehearsal.codebuild.buildspec import ArtifactFiles, BuildspecError, OnFailure, parse_buildspec

CDK_SYNTH = """{
  "version": "0.2",
  "phases": {
    "install": {"commands": ["npm ci"], "runtime-versions": {"python": "3.13", "nodejs": 22}},
    "build": {"commands": ["npx cdk synth"]}
  },
  "artifacts": {"base-directory": "cdk.out", "files": "**/*"}
}"""

FULL = """
version: 0.2
run-as: builder
env:
  shell: bash
  variables:
    COUNT: 010
    FLAG: yes
  parameter-store:
    TOKEN: /build/token
  secrets-manager:
    PASSWORD: db:password
  exported-variables:
    - VERSION
  git-credential-helper: yes
phases:
  build:
    on-failure: ABORT
    commands:
      - echo one
      - |
        echo two
        echo three
    finally:
      - echo always
  install:
    on-failure: CONTINUE
    commands: echo single
reports:
  unit:
    files: '**/*'
artifacts:
  files:
    - '**/*'
  discard-paths: yes
  exclude-paths:
    - '**/*.tmp'
  secondary-artifacts:
    docs:
      base-directory: site
      files:
        - index.html
      enable-symlinks: no
cache:
  paths:
    - '/root/.cache/**/*'
"""


def test_parse_buildspec_reads_what_cdk_writes() -> None:
    buildspec = parse_buildspec(CDK_SYNTH)

    assert [phase.name for phase in buildspec.phases] == ["install", "build"]
    assert buildspec.phases[1].commands == ("npx cdk synth",)
    assert buildspec.runtime_versions == {"python": "3.13", "nodejs": "22"}
    assert buildspec.artifacts == ArtifactFiles(files=("**/*",), base_directory="cdk.out")
    assert buildspec.shell == "/bin/sh"
    assert buildspec.ignored == ()


def test_parse_buildspec_reads_every_part_and_keeps_values_as_they_were_written() -> None:
    buildspec = parse_buildspec(FULL)

    assert buildspec.shell == "bash"
    assert buildspec.variables == {"COUNT": "010", "FLAG": "yes"}
    assert buildspec.parameter_store == {"TOKEN": "/build/token"}
    assert buildspec.secrets_manager == {"PASSWORD": "db:password"}
    assert buildspec.exported_variables == ("VERSION",)
    assert buildspec.artifacts == ArtifactFiles(files=("**/*",), has_discarded_paths=True, exclude_paths=("**/*.tmp",))
    assert buildspec.secondary_artifacts == {"docs": ArtifactFiles(files=("index.html",), base_directory="site")}


def test_parse_buildspec_orders_phases_as_they_run() -> None:
    install, build = parse_buildspec(FULL).phases

    assert (install.name, install.on_failure, install.commands) == ("install", OnFailure.CONTINUE, ("echo single",))
    assert (build.name, build.on_failure) == ("build", OnFailure.ABORT)
    assert build.commands == ("echo one", "echo two\necho three\n")
    assert build.finally_commands == ("echo always",)


def test_parse_buildspec_names_what_is_not_done() -> None:
    assert parse_buildspec(FULL).ignored == ("run-as", "reports", "env/git-credential-helper")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version: 0.2\nphases: [", "it is not YAML"),
        ("just words", "the buildspec must hold keys and values"),
        ("phases: {build: {commands: [ls]}}", "version is missing"),
        ("version: 0.3\nphases: {build: {commands: [ls]}}", "version is 0.3; allowed are 0.1 and 0.2"),
        ("version: 0.2", "phases is missing"),
        ("version: 0.2\nphases: {biuld: {commands: [ls]}}", "invalid phase name found: biuld; expecting: install"),
        (
            "version: 0.2\nphases:\n  build:\n    commands:\n      - echo a: b",
            r"Expected phases/build/commands\[0\] to be of string type, found keys echo a",
        ),
        ("version: 0.2\nphases: {build: {commands: {a: b}}}", "phases/build/commands must be a list"),
        ("version: 0.2\nphases: {build: {on-failure: RETRY, commands: [ls]}}", "supported here are ABORT, CONTINUE"),
        ("version: 0.2\nenv: {shell: powershell}\nphases: {build: {commands: [ls]}}", "env/shell is powershell"),
        ("version: 0.2\nenv: {variables: {A: [1]}}\nphases: {build: {commands: [ls]}}", "env/variables/A"),
        (
            "version: 0.2\nphases: {build: {commands: [ls]}}\nartifacts: {secondary-artifacts: {docs: {name: x}}}",
            "artifacts/secondary-artifacts/docs/files is missing",
        ),
    ],
)
def test_parse_buildspec_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(BuildspecError, match=words):
        parse_buildspec(text)
