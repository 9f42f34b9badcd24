"""Checks of what a deploy needs, without changing anything: one small check per function.

A check returns its finding, or raises the problem. `runner.examine` runs all of them for `doctor`;
`beforehand.before_writing` runs those needed before a deploy's first write.
"""
