# Writes a number with many digits.
import sys
sys.set_int_max_str_digits(0)
str(1 << (1 << 27))
