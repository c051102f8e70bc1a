"""What answers each request, in GitHub's shapes."""
