"""Mutation testing: change one small thing of the product at a time, and see whether a test notices."""
