"""Own tables: `csv:` and `parquet:`."""
