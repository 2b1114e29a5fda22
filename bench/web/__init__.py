"""The model of web pages' main content: what it is trained on and measured with, and how."""
