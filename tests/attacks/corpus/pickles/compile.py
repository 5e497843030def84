# Has PyTorch compile a function by a C compiler.
# limit: 3
import os
os.environ["TORCHINDUCTOR_CACHE_DIR"] = "@CANARY@"
torch.compile(lambda x: (x * 2).sin() + 1)(torch.zeros(64))
