"""From any script or notebook to lessons, and the gradients that it already holds."""
