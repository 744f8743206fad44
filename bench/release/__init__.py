"""A release of this commit beside one of another: how long it takes, what it burns, how much memory it needs.

sides.py      a commit in a folder and an environment of its own
processes.py  a command, to its end or ended: seconds, processor time, memory of all that it started
rows.py       what is measured
driver.py     two releases into one rehearsal, run by a side's own Python
caller.py     one who calls the released API, in a process of its own
report.py     what a release's events and a build's specification say
table.py      both figures and their ratio
"""
