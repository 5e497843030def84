# Hangs in each of many statements.
# form: script
# %% end
for number in iter(int, 1): pass
for number in iter(int, 2): pass
while True: pass
