"""Azure as the signed-in user reaches it: clouds, credential, clients of the SDKs, and what its refusals mean."""
