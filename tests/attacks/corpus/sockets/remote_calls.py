# Calls a procedure elsewhere.
import xmlrpc.client
xmlrpc.client.ServerProxy("http://127.0.0.1:@PORT@/").stolen()
