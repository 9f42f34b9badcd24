"""The data plane of Azure Files: the REST API over the directories that web apps mount."""
