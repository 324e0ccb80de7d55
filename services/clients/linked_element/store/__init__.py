"""Views of the elements that link clients, and of the links that they refused."""
