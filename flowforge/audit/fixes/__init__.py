"""What mends a finding where one answer is right: a file for each family, and a table of which code has which."""
