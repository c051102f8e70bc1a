"""HTTP below every API that FlowForge asks: one client of httpx, and sockets that keep the deadline of an exchange."""
