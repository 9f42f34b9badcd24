"""What a deploy needs, checked without changing anything: one small check per function.

A check returns what it found, or raises what stands in the way. `runner.examine` does all of them for `doctor`;
`beforehand.before_writing` those that a deploy does before its first write.
"""
