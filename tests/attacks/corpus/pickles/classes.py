# Loads classes from a library.
torch.classes.load_library("@CANARY@/harm.so")
