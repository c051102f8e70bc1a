"""Anthropic's API, as far as FlowForge asks it: does a key work, and what does an Admin key's list say of it.

No OAuth token has a way in here: what is sent is an `ApiKey` or an `AdminKey`, and neither can be made of one.
"""
