"""What has failed for good is looked at, and handled again after a fix: `python -m service.failures.redrive --help`.

    failure_queue  finds the queues in the stacks' outputs; receives, gives back and deletes their messages
    failure        a message, read: what failed and why             message -> Failure, or UnreadableMessage
    remedy         what would handle it again, and does              Failure -> Remedy -> done, or a reason to stay
    progress       while it takes long, what does
    run            the order of things: a message is deleted after it was handled, and never before

A message may be handled twice (the run was killed after its remedy and before its deletion), never not at all. That is
harmless, because every function of this service does nothing the second time: events keep their id, orders and
notifications are written once, a position is taken only if it is newer.
"""
