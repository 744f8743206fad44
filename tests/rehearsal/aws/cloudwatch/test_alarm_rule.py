"""AlarmRule expressions of composite alarms."""

from __future__ import annotations

import pytest

from rehearsal.aws.cloudwatch.alarm_evaluation import AlarmState
from rehearsal.aws.cloudwatch.alarm_rule import children, holds, parse_rule
from rehearsal.aws.cloudwatch.errors import InvalidParameter, NotSupportedHere

STATES = {
    "CPUUtilizationTooHigh": AlarmState.ALARM,
    "DiskReadOpsTooHigh": AlarmState.OK,
    "NetworkOutTooHigh": AlarmState.OK,
    "DeploymentInProgress": AlarmState.INSUFFICIENT_DATA,
}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # The examples of "Creating a composite alarm".
        ("ALARM(CPUUtilizationTooHigh) AND ALARM(DiskReadOpsTooHigh)", False),
        ("ALARM(CPUUtilizationTooHigh) AND NOT ALARM(DeploymentInProgress)", True),
        ("(ALARM(CPUUtilizationTooHigh) OR ALARM(DiskReadOpsTooHigh)) AND OK(NetworkOutTooHigh)", True),
        ('(ALARM("CPUUtilizationTooHigh") OR \nALARM("DiskReadOpsTooHigh")) AND \nOK("NetworkOutTooHigh")', True),
        ("INSUFFICIENT_DATA(DeploymentInProgress)", True),
        ("INSUFFICIENT_DATA(DiskReadOpsTooHigh)", False),
        ("TRUE", True),
        ("FALSE", False),
        ("NOT FALSE", True),
        ("NOT NOT TRUE", True),
        # AND binds more tightly than OR, NOT more tightly than both.
        ("TRUE OR TRUE AND FALSE", True),
        ("(TRUE OR TRUE) AND FALSE", False),
        ("NOT FALSE AND FALSE", False),
        ("NOT (FALSE AND FALSE)", True),
        # What the CDK renders, and names by ARN.
        ('(ALARM("arn:aws:cloudwatch:eu-west-1:111111111111:alarm:CPUUtilizationTooHigh"))', True),
        ("ALARM( CPUUtilizationTooHigh )", True),
    ],
)
def test_rule_holds(rule: str, expected: bool) -> None:
    assert holds(parse_rule(rule), STATES.__getitem__) is expected


def test_children_are_named_once_in_their_order() -> None:
    rule = parse_rule('ALARM("b with blanks") OR (OK(a-1) AND NOT ALARM("b with blanks")) OR TRUE')

    assert children(rule) == ("b with blanks", "a-1")


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "ALARM",
        "ALARM()",
        "ALARM(a",
        "ALARM(a) ALARM(b)",
        "AND ALARM(a)",
        "(ALARM(a)",
        "ALARM(a) OR",
        "a",
        "ALARM(a) + OK(b)",
    ],
)
def test_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(InvalidParameter, match="Error in AlarmRule"):
        parse_rule(rule)


def test_a_name_with_blanks_has_to_stand_in_quotes() -> None:
    arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:SampleQueue Oldest Age Alarm"

    with pytest.raises(InvalidParameter) as refused:
        parse_rule(f"(ALARM({arn}) OR ALARM(b))")

    assert str(refused.value) == "Error in AlarmRule [Unsupported token 'Oldest' at char 67, must be: ')']"
    assert children(parse_rule(f'(ALARM("{arn}") OR ALARM(b))')) == ("SampleQueue Oldest Age Alarm", "b")


@pytest.mark.parametrize("rule", [" ALARM(a)", "ALARM(a)\n"])
def test_whitespace_around_a_rule_is_refused(rule: str) -> None:
    with pytest.raises(InvalidParameter, match="must not contain leading or trailing whitespace"):
        parse_rule(rule)


def test_a_rule_has_at_most_500_elements_and_10240_characters() -> None:
    parse_rule(" OR ".join(["TRUE"] * 500))
    parse_rule("TRUE OR" + " " * 10_229 + "TRUE")

    with pytest.raises(InvalidParameter, match="at most 500 elements, got 501"):
        parse_rule(" OR ".join(["TRUE"] * 501))
    with pytest.raises(InvalidParameter, match="less than or equal to 10240"):
        parse_rule("TRUE OR" + " " * 10_230 + "TRUE")


def test_function_that_only_aws_has_is_refused_by_name() -> None:
    with pytest.raises(NotSupportedHere, match="The function AT_LEAST in an AlarmRule"):
        parse_rule("AT_LEAST(2, ALARM, (a, b, c))")


def test_more_than_a_hundred_children_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="at most 100 alarms, got 101"):
        parse_rule(" OR ".join(f"ALARM(a{index})" for index in range(101)))
