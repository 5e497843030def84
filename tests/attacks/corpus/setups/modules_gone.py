# Takes away all modules.
# others: broken
import sys
sys.modules.clear()
