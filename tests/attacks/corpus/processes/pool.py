# Starts a pool of processes.
import concurrent.futures, multiprocessing, posix
context = multiprocessing.get_context("fork")
with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
    pool.submit(posix.mkdir, "@CANARY@/made").result(2)
