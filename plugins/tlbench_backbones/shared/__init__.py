"""Parts that backbones of several families share."""
