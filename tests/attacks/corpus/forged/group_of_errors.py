# Raises many errors at once.
raise BaseExceptionGroup("no\n", [SystemExit(0), ValueError("\n")])
