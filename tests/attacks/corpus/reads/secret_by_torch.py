# Maps a file as a tensor.
# control
raise RuntimeError(bytes(torch.from_file("@SECRET@", size=40, dtype=torch.uint8).tolist()))
