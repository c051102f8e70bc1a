"""What Claude's workflows need: the credential types, their checks, and the workload identity that is no secret."""
