"""What users take away: predictions of each item, and trained models."""
