# Compiles an expression that is long.
return eval("1" + "+1" * 100_000)
