# Raises an error with separators that some terminals break lines at.
raise ValueError("a\u2028b\u2029c\x85d\x0be\x0cf\u202ereversed\u2066\u200b")
