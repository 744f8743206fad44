"""The build: checks all that is released of the commit, and writes the cloud assembly, once, for every stage.

`make test` checks more: the local run and the benchmarks, and properties with all of their examples.

It must not deploy, and installs nothing that the repository does not pin.
"""

from __future__ import annotations

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import pipelines

from pipeline import tool_versions
from pipeline.evidence.runtime.odds import FILE as ODDS
from pipeline.steps import TEST_REPORTS, junit_report

IMAGE = codebuild.LinuxBuildImage.STANDARD_7_0
RUNTIMES = {"runtime-versions": {"python": tool_versions.PYTHON, "nodejs": tool_versions.NODE}}
INSTALL = (
    "python3 scripts/prepare.py",
    'export PATH="$PWD/.venv/bin:$PWD/node_modules/.bin:$PATH"',
)
COMMANDS = (
    "ruff check .",
    "ruff format --check .",
    # Each keeps one processor busy, and neither needs what the other makes.
    "python3 scripts/background.py start mypy mypy .",
    "cdk synth --quiet",
    "python3 scripts/background.py wait mypy",
    # Holds the canaries to what config.py promises of them, and tells their odds to the release evidence.
    f"python3 scripts/background.py start canary python -m scripts.canary --check cdk.out --odds {TEST_REPORTS}/{ODDS}",
    # The template tests read what is released. Those of the local run, of the benchmark and of what people run
    # (pipeline.release, redrive) are left to `make test`: nothing of them is released. Properties are tried with
    # other examples in each build, and so with fewer than there (tests/properties.py). That what says whether canaries
    # keep their promises is right is not tried; that no promise is left out of the end-to-end tests is, that none of
    # them passes by luck is not, and whether they pass, staging shows. That a bundle is what it should be is, that it
    # is so each time is not. That a test report is read right takes a run of pytest, and is not.
    "pytest -n logical --maxprocesses=4 --assembly=cdk.out --hypothesis-profile=build "
    "--ignore=tests/rehearsal --ignore=tests/bench --ignore=tests/scripts/canary --ignore=tests/pipeline/release "
    "--ignore=tests/service/failures/redrive --ignore=tests/service/packaging/test_rebuilding.py "
    "--ignore=tests/integ/test_mutations.py --ignore=tests/integ/test_stories.py "
    "--ignore=tests/pipeline/evidence/test_junit.py --ignore=tests/test_canary_promises.py "
    "--ignore=tests/pipeline/monitor/test_with_local_aws.py "
    f"--junitxml={TEST_REPORTS}/unit-tests.xml",
    "python3 scripts/background.py wait canary",
)
"""What is checked of a commit, and of a pull request (pull_requests.py), in this order."""


def build_step(source: pipelines.CodePipelineSource) -> pipelines.CodeBuildStep:
    """Lint, types, synth, unit and template tests: the first that fails ends it. Its output is `cdk.out`.

    `add_output_directory(TEST_REPORTS)` hands its JUnit report over, too.
    """
    return pipelines.CodeBuildStep(
        "Build",
        input=source,
        build_environment=codebuild.BuildEnvironment(compute_type=codebuild.ComputeType.MEDIUM),
        install_commands=list(INSTALL),
        commands=list(COMMANDS),
        primary_output_directory="cdk.out",
        # mypy alone: all of it takes a quarter of a minute, and an entry counts only if its file's hash is the same.
        # Packages are not kept from one build to the next, nor anything else that reaches the cloud assembly.
        cache=codebuild.Cache.local(codebuild.LocalCacheMode.CUSTOM),
        partial_build_spec=codebuild.BuildSpec.from_object(
            {"cache": {"paths": [".mypy_cache/**/*"]}, **junit_report("unit-tests")}
        ),
    )


def build_defaults() -> pipelines.CodeBuildOptions:
    """What every project of the pipeline has: an image of one version, and runtimes of one version in it.

    Without them the image decides, and its Node is older than aws-cdk-lib allows.
    """
    return pipelines.CodeBuildOptions(
        build_environment=codebuild.BuildEnvironment(build_image=IMAGE, compute_type=codebuild.ComputeType.SMALL),
        partial_build_spec=codebuild.BuildSpec.from_object({"version": "0.2", "phases": {"install": dict(RUNTIMES)}}),
    )
