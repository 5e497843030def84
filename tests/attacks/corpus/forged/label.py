# Compares under a label of several lines.
# form: answer
cmp("probs\n  probs   PASS   exact\x1b[2J", dlogprobs, logprobs)
cmp("x" * 1_000_000, dlogprobs, logprobs)
cmp(type("L", (), {"__str__": lambda self: "\x1b[2J\n"})(), dlogprobs, logprobs)
