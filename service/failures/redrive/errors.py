"""What can keep a failure from being handled again.

RedriveError
├── NotConnected           the AWS configuration of the caller makes no sense
├── NotFound               there is no such stage, unit or queue where we look
├── AccessRefused          AWS does not let the caller do what is needed: nothing else would work either
└── MessageStays           one message was not handled, and stays in its queue; the others go on
    ├── UnreadableMessage  it is not what its queue's kind says
    ├── NoWayBack          nothing takes it any more, or nothing that we know how to send to
    ├── StillFailing       the function, or AWS, failed it again
    ├── RecordCutOff       it holds no more than a part of its record
    └── RecordsLost        a stream no longer has the records that it names
"""

from __future__ import annotations


class RedriveError(Exception):
    """The message says what, and what to do next."""


class NotConnected(RedriveError):
    pass


class NotFound(RedriveError):
    pass


class AccessRefused(RedriveError):
    pass


class MessageStays(RedriveError):
    """`label` is the reason in two words, for the table."""

    label = "stays"


class UnreadableMessage(MessageStays):
    label = "unreadable"


class NoWayBack(MessageStays):
    label = "no way back"


class StillFailing(MessageStays):
    label = "still failing"


class RecordCutOff(MessageStays):
    label = "cut off"


class RecordsLost(MessageStays):
    label = "records lost"
