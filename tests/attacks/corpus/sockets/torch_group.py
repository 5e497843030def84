# Has PyTorch join a group of machines.
import datetime
torch.distributed.init_process_group(
    "gloo", init_method="tcp://127.0.0.1:@PORT@", rank=1, world_size=2, timeout=datetime.timedelta(seconds=1)
)
