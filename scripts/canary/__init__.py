"""What a canary's gates are worth: how often they stop a healthy release, and how small a fault they see.

gates.py     a canaried unit's gates, read from its template: the alarms' own expressions, the shift, the evidence
mix.py       which of its calls the prober sends to which route
releases.py  what CloudWatch would see of many releases: calls, errors and slow calls, drawn by chance
verdicts.py  what the gates make of them, computed by the local CloudWatch
promise.py   what config.py promises, held against that
table.py, route_table.py  the words; plot.py  the picture
"""
