"""`transformers:`: text encoders of transformers."""
