# Binds gradients whose names are lines of a report.
# form: script
grads = {"W\n  b   PASS   exact\x1b[2J": 0}
# %% end
grads = {}
grads["W\n  b   PASS   exact\x1b[2J"] = dW
print(torch.allclose(grads["W\n  b   PASS   exact\x1b[2J"], W.grad))
