"""What the pipeline does when the greeter is deployed: greets it by its alias, and wants the greeting back."""

from __future__ import annotations

import json
import os

import boto3

answer = boto3.client("lambda").invoke(FunctionName=os.environ["FUNCTION_ARN"], Payload=json.dumps({"name": "Ada"}))
said = json.loads(answer["Payload"].read())
assert said == {"greeting": "Hello, Ada!", "version": "1"}, said
