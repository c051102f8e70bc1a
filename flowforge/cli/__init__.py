"""The command line: one small file for each command, loaded only when it is called."""
