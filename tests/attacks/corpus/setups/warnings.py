# Makes every warning an error.
import warnings
warnings.simplefilter("error")
warnings.warn("\x1b[2J")
