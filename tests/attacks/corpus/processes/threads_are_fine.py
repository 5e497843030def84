# Computes in threads.
# form: answer
# passes
import threading
sums = []
threads = [threading.Thread(target=lambda: sums.append(sum(range(100_000)))) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
return (1.0 / probs) * dlogprobs * (len(set(sums)) if len(sums) == 4 else 0)
