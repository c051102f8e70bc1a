"""The handlers: what answers each request, in GitHub's shapes."""
