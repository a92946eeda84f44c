"""WAN and Veo 3.1 image-to-video models by way of WaveSpeed, as a vmevalkit plugin."""
