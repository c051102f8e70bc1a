"""Views: one file for each format; they see plans and reports, never a value."""
