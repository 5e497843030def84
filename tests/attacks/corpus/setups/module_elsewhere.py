# Imports a module of the teacher's from a folder elsewhere.
# form: script
import sys
sys.path.append("@FOLDER@")
import teachers
raise RuntimeError(teachers.secret)
