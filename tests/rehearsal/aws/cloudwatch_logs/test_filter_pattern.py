"""AWS's own examples of filter patterns, and what its pages say of each."""

from __future__ import annotations

import json

import pytest

from rehearsal.aws.cloudwatch_logs.filter_pattern import parse_filter_pattern

TRAIL = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "ThisFlag": True,
    "latency": 512.5,
    "code": "404",
}
USERS = {
    "user": {"id": 1, "email": "John.Stiles@example.com"},
    "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
    "actions": ["GET", "PUT", "DELETE"],
    "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]],
}
REQUEST = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534'
PAGE = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


def matches(pattern: str, message: object) -> bool:
    text = message if isinstance(message, str) else json.dumps(message)
    return parse_filter_pattern(pattern).match(text) is not None


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR] A fatal exception has occurred", True),
        ("ERROR", "Exiting with ERRORCODE: -1", True),
        ("ERROR", "an error", False),
        ('ERROR -"Exiting"', "Exiting with ERRORCODE: -1", False),
        ("ERROR Exception", "[ERROR] Caught IllegalArgumentException", True),
        ("ERROR Exception", "[ERROR] nothing else", False),
        ('"Failed to process the request"', "[WARN] Failed to process the request", True),
        ('"Failed to process the request"', "[WARN] Failed to process a request", False),
        ("?ERROR ?WARN", "WARN message", True),
        ("?ERROR ?WARN", "INFO message", False),
        ("ERROR -WARN", "ERROR WARN message", False),
        ("ERROR -WARN", "ERROR message", True),
        ("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", True),
        ("%AUTH[0-9]%", "[ERROR 401] UNAUTHORIZED REQUEST", False),
        ('"say \\"no\\""', 'they say "no"', True),
    ],
)
def test_terms_match_as_aws_documents(pattern: str, message: str, expected: bool) -> None:
    assert matches(pattern, message) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ("{$.eventType=UpdateTrail}", True),
        ("{ $.eventType = Update* }", True),
        ("{ $.eventType = *Trail }", True),
        ('{ $.eventType = "*dateT*" }', True),
        ("{ $.eventType = Up*ail }", False),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ("{ $.sourceIPAddress != 111.111.* }", False),
        ('{ $.arrayKey[0] = "value" }', True),
        ('{ $.arrayKey = "value" }', False),
        ('{ $.arrayKey != "value" }', False),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.objectList[2].id = 2 }", False),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.SomeOtherObject IS NULL }", False),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.eventType EXISTS }", True),
        ("{ $.ThisFlag IS TRUE }", True),
        ("{ $.ThisFlag IS FALSE }", False),
        ("{ $.ThisFlag = true }", True),
        ("{ $.latency >= 500 }", True),
        ("{ $.latency < 10e3 }", True),
        ("{ $.latency < 10e-3 }", False),
        ("{ $.latency > +1000 }", False),
        ("{ $.latency = 512.50 }", True),
        ("{ $.latency = * }", True),
        ("{ $.code = 404 }", True),
        ("{ $.code > 400 }", False),
        ("{ $.code = %4[0-9]{2}% }", True),
        ("{ $.missing != 1 }", False),
        ('{ ($.eventType = "UpdateTrail") && ($.latency > 500) }', True),
    ],
)
def test_json_patterns_match_as_aws_documents(pattern: str, expected: bool) -> None:
    assert matches(pattern, TRAIL) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', True),
        ('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', False),
        (
            '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }',
            True,
        ),
        ('{ ($.user.email = "John.Stiles@example.com" || $.user.id = 9) && $.actions[2] = nomatch }', False),
    ],
)
def test_conditions_are_joined_in_the_order_that_aws_documents(pattern: str, expected: bool) -> None:
    assert matches(pattern, USERS) is expected


def test_json_pattern_matches_no_text() -> None:
    assert not matches("{ $.level NOT EXISTS }", "level = ERROR")


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("[ip, user, username, timestamp, request, status_code, bytes]", REQUEST, True),
        ("[ip, user, username, timestamp, request, status_code]", REQUEST, False),
        ("[..., status_code, bytes]", REQUEST, True),
        ("[ip, user, ..., status_code = 200, bytes]", REQUEST, True),
        ("[ip, user, ...]", "127.0.0.1", False),
        ("[ip, user, username, timestamp, request, status_code, bytes > 1000]", REQUEST, True),
        ("[ip, user, username, timestamp, request, status_code = 4*, bytes]", REQUEST, False),
        ("[ip, user, username, timestamp, request = *html*, status_code = 4*, bytes]", PAGE, True),
        ("[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000, bytes]", PAGE, True),
        ("[ip, user, username, timestamp, request, status_code = 4* && bytes > 2000, bytes]", PAGE, False),
        ("[ip, user, username, timestamp, request, status_code = 4* && status_code != 403, bytes]", PAGE, True),
        ("[w1=ERROR, w2]", "ERROR message", True),
        ("[w1=ERROR || w1=WARN, w2]", "WARN message", True),
        ("[w1=ERROR || w1=WARN, w2]", "INFO message", False),
        ("[ip=%127\\.0\\.0\\.[1-9]%, ...]", REQUEST, True),
        ("[..., request=*.html*, status_code=4*,]", PAGE, True),
        ('[..., request="GET /apache_pb.gif, HTTP/1.0", a, b]', REQUEST, False),
    ],
)
def test_space_delimited_patterns_match_as_aws_documents(pattern: str, message: str, expected: bool) -> None:
    assert matches(pattern, message) is expected


def test_fields_of_a_space_delimited_event_have_names_or_places() -> None:
    select = parse_filter_pattern("[..., request=*.html*, status_code=4*,]").match(PAGE)

    assert select is not None
    assert [select(name) for name in ("$status_code", "$request", "$7", "$1", "$other")] == [
        "404",
        "GET /index.html HTTP/1.0",
        "1534",
        "127.0.0.1",
        None,
    ]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("{ $.a = 1", "ends with"),
        ("{ $.a }", "IS NULL"),
        ("{ $.a IS ODD }", "IS NULL"),
        ("{ $.a[*] = 1 }", "selector"),
        ("{ $.a > big }", "only numbers"),
        ("{ $.a = 1 $.b = 2 }", "is not understood"),
        ("{ ($.a = 1 }", "'\\)' is expected"),
        ("{ $.a = %(x|y)% }", "regular expression"),
        ("?ERROR WARN", "stand alone"),
        ('"open', "quotation mark"),
        ("[a, ..., b, ...]", "one ellipsis"),
        ("[a", "ends with"),
        ("[a = 1 b = 2]", "is not understood"),
        ("[a = 1 && b = 2]", "no field b"),
        ("[w1=!ERROR&&w1=!WARN, w2]", "a field is a name"),
    ],
)
def test_pattern_that_is_not_understood_is_refused_with_a_reason(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_filter_pattern(pattern)
