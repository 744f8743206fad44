"""CloudWatch's metrics and alarms, on the run's clock.

metric_store keeps what was measured, metric_query reads it (metric_math computes), alarm says what an alarm is,
alarm_evaluation and alarm_rule decide its state, cloudwatch ties them to the clock. alarm_actions publishes
what alarms have to say. alarm_provider serves
CloudFormation, cloudwatch_api serves boto3, emf reads log lines. The core must not know the two servers.
"""
