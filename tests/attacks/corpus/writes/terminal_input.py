# Types a command into the shell.
import fcntl, termios
for number in range(64):
    try:
        fcntl.ioctl(number, termios.TIOCSTI, b"x")
    except OSError:
        continue
    raise RuntimeError(@HIT@)
