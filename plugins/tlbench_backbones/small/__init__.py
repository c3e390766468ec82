"""Small networks without pretrained weights, and networks of papers."""
