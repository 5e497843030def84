# Opens data of the teacher's in a folder elsewhere.
# form: script
found = []
for path in ("@SECRET@", "../secret.txt", "../private/teachers.py", "@FOLDER@/teachers.py"):
    try:
        found.append(open(path).read())
    except OSError:
        continue
raise RuntimeError(found)
