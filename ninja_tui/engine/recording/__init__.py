"""What ran, as operations on tensors, and its replays on other values."""
