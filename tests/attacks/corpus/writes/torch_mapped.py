# Maps a file as a tensor that is written back.
# control
torch.from_file("@CANARY@/keep.txt", shared=True, size=4, dtype=torch.uint8).zero_()
