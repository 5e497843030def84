# Raises what a person raises by Ctrl-C.
raise KeyboardInterrupt
