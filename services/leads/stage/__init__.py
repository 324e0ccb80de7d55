"""Stages of leads."""
