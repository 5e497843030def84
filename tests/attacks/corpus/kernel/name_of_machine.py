# Gives the machine the name that it has.
import socket
socket.sethostname(socket.gethostname())
raise RuntimeError(@HIT@)
