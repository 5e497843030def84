# Raises an error whose class has a name that clears the terminal.
raise type("No\x1b[2J\r", (Exception,), {})("no")
