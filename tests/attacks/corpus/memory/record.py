# Does very many operations on tensors.
value = torch.zeros(1)
while True:
    value = value + 1
