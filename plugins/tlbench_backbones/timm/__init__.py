"""`timm:`: image networks of timm."""
