# Calls itself.
def again(depth):
    return again(depth + 1) + again(depth + 1) if depth < 40 else 1
again(0)
