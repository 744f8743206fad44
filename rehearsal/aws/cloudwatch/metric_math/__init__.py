"""Metric math: parser reads an expression, interpreter computes it with functions over values.

It must not know metrics, alarms or the store. Source: "Using math expressions with CloudWatch metrics".
"""
