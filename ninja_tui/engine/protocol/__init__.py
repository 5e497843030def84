"""What crosses processes: messages, lesson code, verdicts. No PyTorch."""
