"""What a function asks for besides its first argument."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable


def keyword_shapes(function: Callable[..., object]) -> dict[str, object]:
    """{"car_id": str, "body": NewCar}"""
    hints = typing.get_type_hints(function)
    return {name: hints[name] for name in list(inspect.signature(function).parameters)[1:]}
