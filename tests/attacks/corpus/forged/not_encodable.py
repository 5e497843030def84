# Raises an error that has no encoding.
raise ValueError("\ud800\udfff", b"\xff", "\U0010ffff")
