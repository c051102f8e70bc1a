"""Views of what a run has to show: as text and as JSON. They get plans and reports, never a value."""
