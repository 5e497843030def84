# Gives a number with many digits.
return 10 ** 100_000
