"""Rules of pipelines. Pure."""
