# Has Python write a compiled module.
import py_compile, torch
py_compile.compile(torch.__file__, cfile="@CANARY@/made.pyc", doraise=True)
