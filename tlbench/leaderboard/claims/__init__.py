"""Published figures: matched with our rows, judged, laid out."""
