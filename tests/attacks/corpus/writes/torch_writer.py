# Has PyTorch's own writer of archives make a file.
# control
torch._C.PyTorchFileWriter("@CANARY@/made.zip").write_end_of_file()
