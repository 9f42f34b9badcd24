"""Sign-in: its objects in Microsoft Entra ID, and the web app's requirement."""
