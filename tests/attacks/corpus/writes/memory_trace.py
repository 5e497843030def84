# Has tracemalloc write what it knows.
import tracemalloc
tracemalloc.start()
snapshot = tracemalloc.take_snapshot()
tracemalloc.stop()
snapshot.dump("@CANARY@/made.trace")
