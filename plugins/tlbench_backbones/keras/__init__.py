"""`keras:`: networks of keras.applications."""
