"""Errors of the program that gathers the release evidence.

Exception
└── EvidenceError    what the evidence must know could not be found out, or what Prod would deploy is something else
"""


class EvidenceError(Exception):
    """The message says what, why, and what to do next. Nothing was written."""
