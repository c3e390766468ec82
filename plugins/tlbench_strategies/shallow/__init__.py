"""Strategies of domain adaptation that train no network: they move, project or weigh features of a frozen backbone."""
