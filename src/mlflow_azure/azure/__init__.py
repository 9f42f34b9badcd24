"""Access to Azure as the signed-in user: clouds, credential, SDK clients, and the meaning of refusals."""
