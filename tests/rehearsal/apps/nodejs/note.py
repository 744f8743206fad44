"""What the pipeline does when the notes are deployed: leaves one, and wants it back."""

from __future__ import annotations

import json
import os

import boto3

event = json.dumps({"key": "first", "text": "Hello"})
answer = boto3.client("lambda").invoke(FunctionName=os.environ["FUNCTION_NAME"], Payload=event)
said = json.loads(answer["Payload"].read())
assert said == {"kept": "Hello"}, said
