# Imports a module beside the file, which connects when it is imported.
# form: script
import harm
# %% beside: harm.py
import _socket
_socket.socket(_socket.AF_INET, _socket.SOCK_STREAM).connect(("127.0.0.1", @PORT@))
