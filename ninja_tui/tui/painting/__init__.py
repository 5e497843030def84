"""What is painted, and how little: below all panes and screens."""
