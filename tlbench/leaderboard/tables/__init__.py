"""Table layouts: rows, columns, notes and footnotes."""
