"""How a rehearsal grows with the app: one of so many stacks in so many stages is generated, planned and run.

app.py      the CDK Pipelines app
project.py  a git repository whose app and whose Build are copies of what app.py has synthesized
table.py    seconds and processor seconds, and those of a stack
"""
