# Replaces what waits for requests.
# others: broken
import select, struct
select.select = struct.unpack = lambda *_: ([], [], [])
