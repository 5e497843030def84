# Looks for a token in the environment of every process.
import posix
found = []
for process in ("self", "thread-self", "@PID@", "@VICTIM@", *map(str, range(1, 4000))):
    try:
        text = posix.read(posix.open(f"/proc/{process}/environ", posix.O_RDONLY), 100_000)
    except OSError:
        continue
    found += [each for each in text.split(b"\0") if each.startswith(b"@VARIABLE@")]
raise RuntimeError(found)
