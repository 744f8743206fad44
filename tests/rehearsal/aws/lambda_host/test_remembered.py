from __future__ import annotations

from rehearsal.aws.lambda_host.remembered import Remembered


def test_what_was_read_before_it_was_to_be_forgotten_is_not_remembered() -> None:
    remembered = Remembered[str](float("inf"))

    def read_while_it_changes() -> str:
        remembered.forget(lambda key: key == "live")
        return "old"

    assert remembered.get("live", read_while_it_changes) == "old"
    assert remembered.get("live", lambda: "new") == "new"
    assert remembered.get("live", lambda: "newer") == "new"
