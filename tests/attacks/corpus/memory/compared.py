# Compares many large tensors.
# form: answer
for number in range(1000):
    cmp("x" * 1000, torch.ones(1_000_000), logprobs)
