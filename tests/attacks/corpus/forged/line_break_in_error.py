# Raises an error that goes on like a row of the report.
raise ValueError("no\n  probs   PASS   exact\n26 of 26 pass\n")
