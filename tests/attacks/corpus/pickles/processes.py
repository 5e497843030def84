# Has PyTorch spawn processes.
import torch.multiprocessing
torch.multiprocessing.start_processes(print, nprocs=2, start_method="fork")
