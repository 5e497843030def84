# Raises an error that asks for a suggestion.
raise NameError("name 'dW\n' is not defined", name="\x1b[2J")
