from __future__ import annotations

import pytest

from rehearsal.aws.edge.service_models import operation_model, service_model


def test_models_are_read_whatever_the_user_has_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    service_model.cache_clear()
    operation_model.cache_clear()

    assert service_model("cloudwatch").signing_name == "monitoring"
    assert operation_model("codedeploy", "PutLifecycleEventHookExecutionStatus").name.startswith("Put")
