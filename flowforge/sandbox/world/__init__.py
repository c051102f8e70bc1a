"""The world behind the API: owners, repositories, secrets, and all that can be done to them."""
