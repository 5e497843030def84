# Raises an error whose text is something else.
class Text(str):
    def split(self, *_):
        return ["forged\n", "\x1b[2J"]
class Harm(Exception):
    def __str__(self):
        return Text("no")
raise Harm
