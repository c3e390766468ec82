"""Numbers from records: result sets, scores, pairing, significance."""
