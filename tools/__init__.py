"""What maintainers run: it is no part of the package."""
