"""Matching of calls: which calls a fault, a scripted answer or a search means."""
