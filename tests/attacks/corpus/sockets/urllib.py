# Fetches a page.
import urllib.request
urllib.request.build_opener().open("http://127.0.0.1:@PORT@/", timeout=1)
