"""Reading metric math expressions: what binds how, and what is no expression."""

from __future__ import annotations

import pytest

from rehearsal.aws.cloudwatch.errors import InvalidParameter
from rehearsal.aws.cloudwatch.metric_math.parser import (
    Array,
    Call,
    Name,
    Negation,
    Node,
    Number,
    Operation,
    Text,
    names,
    parse_expression,
)


def _shown(node: Node) -> str:
    """The tree with every operation in parentheses."""
    match node:
        case Number(value):
            return f"{value:g}"
        case Text(value):
            return repr(value)
        case Name(value):
            return value
        case Array(items):
            return f"[{', '.join(map(_shown, items))}]"
        case Negation(operand):
            return f"(-{_shown(operand)})"
        case Operation(operator, left, right):
            return f"({_shown(left)} {operator} {_shown(right)})"
        case Call(function, arguments):
            return f"{function}({', '.join(map(_shown, arguments))})"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("m1+m2*m3", "(m1 + (m2 * m3))"),
        ("m1 - m2 - m3", "((m1 - m2) - m3)"),
        ("m1/m2/m3", "((m1 / m2) / m3)"),
        ("2^3^2", "(2 ^ (3 ^ 2))"),
        ("-m1^2", "(-(m1 ^ 2))"),
        ("-5*m1", "((-5) * m1)"),
        ("m1 > 15 AND m2 > 15", "((m1 > 15) AND (m2 > 15))"),
        ("m1 > 1 || m2 >= 2 && m3 != 4", "((m1 > 1) OR ((m2 >= 2) AND (m3 != 4)))"),
        ("(m1+m2)/[m1, m2]", "((m1 + m2) / [m1, m2])"),
        ('SUM(METRICS("errors"))*1e2', "(SUM(METRICS('errors')) * 100)"),
        ("SORT(METRICS(), AVG, DESC, 10)", "SORT(METRICS(), AVG, DESC, 10)"),
        ("METRICS('4xx')/.5", "(METRICS('4xx') / 0.5)"),
    ],
)
def test_expression_binds_as_usual(text: str, tree: str) -> None:
    assert _shown(parse_expression(text)) == tree


@pytest.mark.parametrize("text", ["", "m1 +", "(m1", "m1)", "m1 m2", "[m1", "SUM(m1,", "* m1", "m1 $ 2", "AND"])
def test_text_that_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="Error in expression"):
        parse_expression(text)


def test_names_are_those_that_the_expression_uses() -> None:
    assert set(names(parse_expression('IF(FILL(a,0)>=5 AND -b, [c, 2], METRICS("d"))'))) == {"a", "b", "c"}
