"""`frozen:`: features of one backbone as the inputs of another."""
