# Kills a group of processes.
import posix
posix.killpg(posix.getpgid(@VICTIM@), 0)
raise RuntimeError(@HIT@)
