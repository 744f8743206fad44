#!/usr/bin/env bash
# awscli 1.46.3 (the AWS CLI as Python's package index has it), Python 3.11
# What it does: `aws logs tail` is refused as an invalid choice, while `aws logs filter-log-events` is there: `tail` is a
#   command of the AWS CLI's version 2 alone, which is no package of that index.
# What one would guess: a command of the CLI's user guide is in a CLI of this month.
# Output seen:
#   tail: exit code 2, invalid choice; filter-log-events: there
# Who meets it: whoever pins the CLI for tests or builds by `pip install awscli`, and tails a function's log with it.
# Exits non-zero when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check awscli==1.46.3
has() {
  env -i PATH="$PATH" HOME="$folder" AWS_PAGER="" env/bin/aws logs "$1" --generate-cli-skeleton >said 2>&1 && echo "there" && return
  code=$?
  grep -qi "invalid choice" said && echo "exit code $code, invalid choice" || echo "exit code $code"
}
seen="tail: $(has tail); filter-log-events: $(has filter-log-events)"
echo "$seen"
[ "$seen" = "tail: exit code 2, invalid choice; filter-log-events: there" ]
