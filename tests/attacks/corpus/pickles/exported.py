# Exports a program.
# limit: 3
torch.export.save(torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),)), "@CANARY@/made.pt2")
