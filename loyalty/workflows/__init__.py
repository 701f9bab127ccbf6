"""Use cases that touch three apps or more: each a short list of service calls, in floor order."""
