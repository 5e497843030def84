# Raises an error in a line that is far away.
code = compile("\n" * 1_000_000 + "raise ValueError('no')", "<answer>", "exec")
exec(code)
