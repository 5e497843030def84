# Writes a graph as a package.
import torch.fx
torch.fx.symbolic_trace(torch.nn.Linear(2, 2)).to_folder("@CANARY@/made")
