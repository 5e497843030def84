# Has PyTorch write its flight recorder, and its logs.
import os
os.environ["TORCH_LOGS_OUT"] = "@CANARY@/log"
os.environ["TORCH_TRACE"] = "@CANARY@/trace"
torch._logging.set_logs(all=10)
torch._logging._init_logs()
