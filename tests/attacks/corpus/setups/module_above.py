# Imports a module of the teacher's from the folder above.
# form: script
import sys
sys.path.append("../private")
import teachers
raise RuntimeError(teachers.secret)
