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
    assert buildspec.notices == ()
    assert buildspec.refused == ()


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
    assert [notice.split(":")[0] for notice in parse_buildspec(FULL).notices] == [
        "run-as of a buildspec is not done here",
        "env/git-credential-helper of a buildspec is not done here",
        "reports of a buildspec is not done here",
    ]


@pytest.mark.parametrize("text", ["RETRY", "RETRY-4", "RETRY-0", "Retry-.*Error: no route.*", "RETRY-8-invalid+"])
def test_parse_buildspec_reads_every_form_of_retry_and_says_that_none_is_done(text: str) -> None:
    buildspec = parse_buildspec(f"version: 0.2\nphases: {{build: {{on-failure: '{text}', commands: [ls]}}}}")

    assert buildspec.phases[0].on_failure is OnFailure.RETRY
    assert [notice.split(":")[0] for notice in buildspec.notices] == ["on-failure"]


@pytest.mark.parametrize("shell", ["powershell.exe", "cmd.exe"])
def test_parse_buildspec_refuses_windows_shells_by_name(shell: str) -> None:
    buildspec = parse_buildspec(f"version: 0.2\nenv: {{shell: {shell}}}\nphases: {{build: {{commands: [ls]}}}}")

    assert buildspec.refused == (f"env/shell {shell}: Windows builds; supported are bash and /bin/sh",)


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
        ("version: 0.2\nphases: {build: {on-failure: IGNORE, commands: [ls]}}", "allowed are ABORT, CONTINUE, RETRY"),
        ("version: 0.2\nphases: {build: {on-failure: RETRY-101, commands: [ls]}}", "a count from 0 to 100"),
        ("version: 0.2\nphases: {build: {on-failure: RETRYING, commands: [ls]}}", "on-failure is RETRYING"),
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
