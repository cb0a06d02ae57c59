"""Which calls a fault, a scripted answer or a search means."""
