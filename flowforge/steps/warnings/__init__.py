"""Warnings that cost no request, made of what was read anyway."""
