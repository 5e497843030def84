# Raises an error on a module with a name of several lines.
raise ModuleNotFoundError("No module named 'a\nb'", name="a\n\x1b[2Jb")
