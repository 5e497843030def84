# Raises an error that clears the terminal and sets its title.
raise ValueError("\x1b[2J\x1b]0;forged\x07\x9b31m\r\b\x00\x7f")
