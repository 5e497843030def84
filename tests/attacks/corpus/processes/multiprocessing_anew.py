# Starts a process of a fresh Python.
import multiprocessing, posix
process = multiprocessing.get_context("spawn").Process(target=posix.mkdir, args=("@CANARY@/made",))
process.start()
process.join(2)
