# Raises what no handler of errors catches.
raise GeneratorExit
