"""Aggregates and views in MongoDB: connection, collections, repositories, pages."""
