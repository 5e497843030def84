# Raises an error that is markup for some programs.
raise ValueError("[bold]C[ix][/bold] <script>alert(1)</script> =cmd|'/c calc'!A1 %s {0}")
