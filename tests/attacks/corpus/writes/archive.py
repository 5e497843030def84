# Unpacks an archive whose names lead elsewhere.
import io, zipfile
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w") as archive:
    archive.writestr("made.txt", "made")
zipfile.ZipFile(packed).extractall("@CANARY@")
