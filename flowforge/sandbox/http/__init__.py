"""The sandbox over HTTP: servers, the API as a function, its routes, and control for tests."""
