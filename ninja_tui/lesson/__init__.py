"""Files to lessons: cells, statements, graph, walk order, notes and solutions files."""
