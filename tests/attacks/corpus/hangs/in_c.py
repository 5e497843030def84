# Computes in C, where nothing interrupts it.
sum(range(10**14))
