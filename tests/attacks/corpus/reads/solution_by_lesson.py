# Has the reader of lessons read one.
from ninja_tui.lesson.read import read_lesson
read_lesson("names")
raise RuntimeError(@HIT@)
