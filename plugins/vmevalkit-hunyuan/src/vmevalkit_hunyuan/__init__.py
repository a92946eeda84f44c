"""HunyuanVideo and HunyuanVideo 1.5 for vmevalkit."""
