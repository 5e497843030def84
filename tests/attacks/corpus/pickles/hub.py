# Fetches a model.
import os
os.environ["TORCH_HOME"] = "@CANARY@"
torch.hub.load("somebody/model:main", "model", trust_repo=True)
