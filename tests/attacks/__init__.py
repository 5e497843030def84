"""Files that mean harm, judged for real: none of them may have an effect."""
