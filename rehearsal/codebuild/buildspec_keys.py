"""Every key of the buildspec reference, and how the local run takes it.

It must not read values but those that ask for nothing; buildspec.py parses what is done.
Source: CodeBuild user guide, "Build specification reference for CodeBuild"; "Batch build buildspec reference".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.codebuild.handling import Handling, Known, walk

_DONE = Known(Handling.DONE)
_NO = ("", "no", "false")
_USER = Known(Handling.NOTICED, "all commands run as you")
_NO_PROXY = Known(Handling.NOTICED, "there is no explicit proxy server", unless=_NO)
_REPORT = Known(Handling.DONE)  # part of `reports`, which is noticed as a whole
_NAMED_BY_PIPELINE = Known(Handling.WITHOUT_EFFECT, "CodePipeline names and places its artifacts")
_CACHE = Known(Handling.NOTICED, "one cache for each action is restored before it and saved after it")

_ARTIFACT_KEYS = {
    "files": _DONE,
    "name": _NAMED_BY_PIPELINE,
    "discard-paths": _DONE,
    "base-directory": _DONE,
    "exclude-paths": _DONE,
    "enable-symlinks": _DONE,
    "s3-prefix": _NAMED_BY_PIPELINE,
}
_PHASE_KEYS = {"run-as": _USER, "on-failure": _DONE, "commands": _DONE, "finally": _DONE}

KEYS: Mapping[str, Known] = {
    "version": _DONE,
    "run-as": _USER,
    "env": _DONE,
    "env/shell": _DONE,
    "env/variables": _DONE,
    "env/parameter-store": _DONE,
    "env/exported-variables": _DONE,
    "env/secrets-manager": _DONE,
    "env/git-credential-helper": Known(Handling.NOTICED, "git has no credentials of AWS's", unless=_NO),
    "proxy": _DONE,
    "proxy/upload-artifacts": _NO_PROXY,
    "proxy/logs": _NO_PROXY,
    "batch": Known(Handling.WITHOUT_EFFECT, "a batch build alone reads it, and BatchEnabled is refused"),
    "phases": _DONE,
    **{f"phases/{name}": _DONE for name in ("install", "pre_build", "build", "post_build")},
    **{
        f"phases/{name}/{key}": known
        for name in ("install", "pre_build", "build", "post_build")
        for key, known in _PHASE_KEYS.items()
    },
    "phases/install/runtime-versions": _DONE,  # told against what is here: runtimes.py
    "reports": Known(Handling.NOTICED, "report files stay in the build's folder, and decide about nothing"),
    "reports/*": _REPORT,
    **{f"reports/*/{key}": _REPORT for key in ("files", "file-format", "base-directory", "discard-paths")},
    "artifacts": _DONE,
    **{f"artifacts/{key}": known for key, known in _ARTIFACT_KEYS.items()},
    "artifacts/secondary-artifacts": _DONE,
    "artifacts/secondary-artifacts/*": _DONE,
    **{f"artifacts/secondary-artifacts/*/{key}": known for key, known in _ARTIFACT_KEYS.items()},
    "cache": _DONE,
    "cache/paths": _DONE,
    "cache/key": _CACHE,
    "cache/fallback-keys": _CACHE,
    "cache/action": _CACHE,
}


def notices_of_keys(document: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each key that is not done, and for each that the reference lacks: AWS does not say what it is."""
    for found in walk(document, KEYS):
        if found.known is None:
            yield f"{found.path} of a buildspec is no key of the buildspec reference, and does nothing here."
        elif found.known.handling is Handling.NOTICED and str(found.value).lower() not in found.known.unless:
            yield f"{found.path} of a buildspec is not done here: {found.known.words}."
