"""A suite of three runs on the made-up data of `toy_plugin.py`."""

from pathlib import Path

TOY = Path(__file__).parent / "toy_plugin.py"

SUITE = """
name = "toy"
dataset = "toy"
backbones = ["mlp:16"]
seeds = [0]

[budget]
steps = 40
batch_size = 16
checkpoints = 2

[[part]]
setting = "transductive"
pairs = ["a:b"]
strategies = ["feature-extraction"]
"""
