# Asks a person for something.
import sys
sys.stdin.read() if sys.stdin else input()
