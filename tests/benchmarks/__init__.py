"""How fast the package is, always beside its peer: ``python -m tests.benchmarks``.

__main__.py   the command: what to measure, and the file that is written
measure.py    one case in a process of its own; cases in turn, and the ratio of their times
child.py      that process
data.py       a report of any size: served by the simulator, and as a file on this machine
throttle.py   a slow connection between it and the client
table.py      rows of the table, and the table as Markdown
rows/         one module for each subject; each gives rows of the table
"""
