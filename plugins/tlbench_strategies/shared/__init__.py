"""Parts that strategies of several groups are made of."""
