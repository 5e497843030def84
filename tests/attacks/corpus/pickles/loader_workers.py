# Loads data in processes.
from torch.utils.data import DataLoader
loaded = list(DataLoader(range(8), num_workers=2, multiprocessing_context="fork"))
raise RuntimeError(@HIT@)
