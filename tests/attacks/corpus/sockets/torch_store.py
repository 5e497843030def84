# Has PyTorch's store for many machines connect.
import datetime
torch.distributed.TCPStore("127.0.0.1", @PORT@, is_master=False, timeout=datetime.timedelta(seconds=1))
