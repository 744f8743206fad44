from __future__ import annotations

import pytest

from service.cars.settings import MissingSetting, Setting, read


def test_setting_is_read_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARS_TABLE_NAME", "a")
    assert read(Setting.CARS_TABLE_NAME) == "a"

    monkeypatch.setenv("CARS_TABLE_NAME", "b")
    assert read(Setting.CARS_TABLE_NAME) == "b"


@pytest.mark.parametrize("setting", list(Setting))
def test_missing_setting_is_reported_by_its_name(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(setting, raising=False)

    with pytest.raises(MissingSetting, match=f"^Environment variable {setting.value} is not set"):
        read(setting)
