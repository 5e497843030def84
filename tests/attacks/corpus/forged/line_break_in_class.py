# Raises an error whose class has a name of several lines.
raise type("No\n  probs   PASS   exact\n", (Exception,), {})("no")
