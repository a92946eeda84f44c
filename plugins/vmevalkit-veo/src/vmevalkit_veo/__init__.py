"""Google's video models, Veo on Vertex AI and Gemini Omni, as a vmevalkit plugin."""
