from __future__ import annotations

from rehearsal.aws.event_sources.queue_metrics import QueueMetrics, Queues
from tests.rehearsal.aws.lambda_host.local_aws import RecordingSink
from tests.rehearsal.aws.manual_time import manual_clock

PLACE = ("222222222222", "eu-west-1")


def message(sent_at: float, *, is_visible: bool = True, receive_count: int = 0) -> dict[str, object]:
    return {"SentTimestamp": int(sent_at), "IsVisible": is_visible, "ReceiveCount": receive_count}


def test_each_queue_tells_what_lies_in_it_and_how_old_the_oldest_message_is() -> None:
    with manual_clock(start=1_800_000_000.0) as (clock, wall):
        sent = clock.now()
        wall.advance(50)
        queues: Queues = {
            (*PLACE, "dead"): [
                message(sent),
                message(sent + 20),
                message(sent + 20, is_visible=False, receive_count=1),
                message(sent + 20, is_visible=False),
            ],
            (*PLACE, "empty"): [],
        }
        sink = RecordingSink()

        QueueMetrics(clock, sink, lambda: queues).publish(clock.now())

        assert {(s.name, s.dimensions["QueueName"]): s.value for s in sink.samples} == {
            ("ApproximateNumberOfMessagesVisible", "dead"): 2,
            ("ApproximateNumberOfMessagesNotVisible", "dead"): 1,
            ("ApproximateNumberOfMessagesDelayed", "dead"): 1,
            ("ApproximateAgeOfOldestMessage", "dead"): 49,  # the emulator tells whole seconds
            ("ApproximateNumberOfMessagesVisible", "empty"): 0,
            ("ApproximateNumberOfMessagesNotVisible", "empty"): 0,
            ("ApproximateNumberOfMessagesDelayed", "empty"): 0,
            ("ApproximateAgeOfOldestMessage", "empty"): 0,
        }
        assert {s.namespace for s in sink.samples} == {"AWS/SQS"}


def test_an_emulator_that_ended_breaks_no_minute() -> None:
    with manual_clock() as (clock, _):
        sink = RecordingSink()

        def read() -> Queues:
            raise ConnectionRefusedError

        QueueMetrics(clock, sink, read).publish(clock.now())

        assert sink.samples == []
