"""Sign-in: what it takes in Microsoft Entra ID, and that the web app demands it."""
