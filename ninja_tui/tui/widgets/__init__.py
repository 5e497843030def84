"""One file a pane."""
