"""The world that a gauntlet has released into: which accounts its stages are, what a good release left there."""

from __future__ import annotations

from integ.leftovers import leftovers
from rehearsal.rehearsal import Rehearsal

ACCOUNTS = {"Staging": "222222222222", "Prod": "333333333333"}
TOOLCHAIN = "111111111111"
REGION = "eu-west-1"


def leftovers_of(rehearsal: Rehearsal) -> list[str]:
    """What is there now that no good release may leave (leftovers.py); of an alarm its name, for its reason changes."""
    found = leftovers([rehearsal.cloud.clients.root(account, REGION) for account in ACCOUNTS.values()])
    return [words.partition(" is in ALARM: ")[0] for words in found]
