# Compiles an expression that is nested deeply.
eval("(" * 100_000 + ")" * 100_000)
