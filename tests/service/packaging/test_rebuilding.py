"""Bundles are the same bytes each time. It takes as long as a synth, and is left to `make test` (pipeline/build.py)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from service.packaging import bundling
from service.packaging.bundling import Bundle, function_bundle, layer_bundle

API = ("service/api/runtime", "service/cars")


def contents(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.fixture(scope="module")
def built_again(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """The bundle of the function Api, and of the layer, made anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundling, "BUNDLES", tmp_path_factory.mktemp("bundles"))
        return {"layer": layer_bundle("arm64"), "function": function_bundle(API)}


def test_function_bundle_is_the_same_when_built_again(built_again: dict[str, Bundle]) -> None:
    first, again = function_bundle(API), built_again["function"]

    assert again.digest == first.digest
    assert again.path != first.path
    assert contents(again.path) == contents(first.path)


def test_layer_bundle_is_the_same_byte_for_byte_when_built_again(built_again: dict[str, Bundle]) -> None:
    first, again = layer_bundle("arm64"), built_again["layer"]

    assert again.digest == first.digest
    assert again.path != first.path
    assert again.path.read_bytes() == first.path.read_bytes()
