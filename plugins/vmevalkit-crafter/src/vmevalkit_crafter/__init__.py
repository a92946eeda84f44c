"""DynamiCrafter and VideoCrafter for vmevalkit, written anew in plain torch; importing this imports nothing else."""
