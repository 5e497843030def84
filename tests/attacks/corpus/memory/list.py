# Makes a list until there is no more memory.
kept = []
while True:
    kept.append([0] * 1_000_000)
