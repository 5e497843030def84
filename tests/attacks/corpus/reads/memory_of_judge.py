# Reads the memory of the process that judges, as a file.
import posix
memory = posix.open("/proc/@PID@/mem", posix.O_RDONLY)
raise RuntimeError(posix.pread(memory, 60, @ADDRESS@))
