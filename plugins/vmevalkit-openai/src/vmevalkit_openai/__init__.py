"""Any server with the /v1/videos API, as a vmevalkit plugin."""
