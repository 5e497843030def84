# Has the profiler write what happened.
# control
import torch.profiler
with torch.profiler.profile() as profile:
    torch.ones(3) + 1
profile.export_chrome_trace("@CANARY@/made.json")
