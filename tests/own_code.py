"""A folder of transformers whose network is made by Python code that comes with it; a file says that it has run."""

from __future__ import annotations

import json

from tiny_encoders import write_vocabulary

#: Hidden units of the network.
HIDDEN = 8

CODE = """
from pathlib import Path

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

Path({sign!r}).touch()


class Config(PretrainedConfig):
    model_type = "own-words"

    def __init__(self, vocab_size=40, width={hidden}, **rest):
        self.vocab_size, self.width = vocab_size, width
        super().__init__(**rest)


class Model(PreTrainedModel):
    config_class = Config

    def __init__(self, config):
        super().__init__(config)
        self.words = nn.Embedding(config.vocab_size, config.width)
        self.mix = nn.Linear(config.width, config.width)
        self.post_init()

    def forward(self, input_ids, attention_mask):
        return {answer}
"""
ANSWER = "BaseModelOutput(last_hidden_state=torch.tanh(self.mix(self.words(input_ids))))"


def write_own_code(folder, answer=ANSWER, **config):
    """The folder, and the file that is there once its code has been imported."""
    import torch
    from safetensors.torch import save_file

    write_vocabulary(folder)
    sign = folder.parent / f"{folder.name}.ran"
    (folder / "modeling_own.py").write_text(CODE.format(sign=str(sign), hidden=HIDDEN, answer=answer))
    classes = {"AutoConfig": "modeling_own.Config", "AutoModel": "modeling_own.Model"}
    content = {"model_type": "own-words", "auto_map": classes, **config}
    (folder / "config.json").write_text(json.dumps(content))
    weights = {"words.weight": (40, HIDDEN), "mix.weight": (HIDDEN, HIDDEN), "mix.bias": (HIDDEN,)}
    generator = torch.Generator().manual_seed(0)
    tensors = {name: torch.randn(shape, generator=generator) for name, shape in weights.items()}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return sign
