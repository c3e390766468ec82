"""`hub:`: datasets of the Hugging Face hub."""
