# Makes a number until there is no more memory.
return 1 << (1 << 40)
