# Gives a list nested a hundred thousand times.
deep = []
for _ in range(100_000):
    deep = [deep]
return deep
