"""Personal data: what gives way to placeholders."""
