# Opens a browser.
import webbrowser
if webbrowser.open("http://127.0.0.1:@PORT@/"):
    raise RuntimeError(@HIT@)
