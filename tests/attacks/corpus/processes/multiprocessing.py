# Starts a process by fork.
import multiprocessing, posix
process = multiprocessing.get_context("fork").Process(target=posix.mkdir, args=("@CANARY@/made",))
process.start()
process.join(2)
