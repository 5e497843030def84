# Gives a text of 200 MB.
return "x" * 200_000_000
