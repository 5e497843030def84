# Connects to another process of Python's.
import multiprocessing.connection
multiprocessing.connection.Client("@SOCKET@")
