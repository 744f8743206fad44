"""A value of a template as one text, whichever intrinsic function writes it: what Fn::Sub would be given.

`{"Fn::Join": ["", ["arn:*:iam::", {"Ref": "AWS::AccountId"}, ":role/*"]]}` is `arn:*:iam::${AWS::AccountId}:role/*`. It
must not resolve anything: what a variable stands for, CloudFormation decides.
Source: "Fn::Sub", "Fn::Join", CloudFormation user guide.
"""

from __future__ import annotations

import re
from typing import Any

_VARIABLE = re.compile(r"\$\{(?!!)")


def as_sub_text(value: Any) -> str | None:
    """The text, with a variable for each Ref and GetAtt; None where another function makes it."""
    match value:
        case str():
            return _VARIABLE.sub("${!", value)
        case {"Ref": str(name)}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [str(logical_id), str(attribute)]}:
            return f"${{{logical_id}.{attribute}}}"
        case {"Fn::Sub": str(text)}:
            return text
        case {"Fn::Join": [str(separator), [*parts]]}:
            texts = [as_sub_text(part) for part in parts]
            return None if None in texts else separator.join(text or "" for text in texts)
        case _:
            return None


def as_value(text: str) -> Any:
    """The value of a template for such a text: itself where nothing is left to replace."""
    return {"Fn::Sub": text} if _VARIABLE.search(text) or "${!" in text else text
