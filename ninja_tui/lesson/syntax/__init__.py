"""The only analysis of syntax trees: fragments of code, their names, dependencies and operations."""
