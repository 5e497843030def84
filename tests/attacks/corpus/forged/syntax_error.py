# Raises an error with a place of its own.
raise SyntaxError("no\n", ("\x1b[2J", -1, -1, "\x1b[2J\n", 1 << 62, 1 << 62))
