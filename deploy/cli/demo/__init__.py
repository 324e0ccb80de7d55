"""Demonstrate and check the CRM with whole data sets."""
