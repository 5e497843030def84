# Opens a file server.
import ftplib
ftplib.FTP(timeout=1).connect("127.0.0.1", @PORT@)
