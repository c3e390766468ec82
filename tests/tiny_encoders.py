"""Encoders of a few thousand random weights with a vocabulary of a few words, as `save_pretrained` writes them."""

from __future__ import annotations

import json

import numpy as np

WORDS = ["the", "blade", "plot", "is", "was", "good", "fine", "bad", "poor", "sharp", "and", "a", "not", "it", "cuts"]
WORDS += ["un", "##good", "##s", "."]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
#: Tokens of a text.
LENGTH = 12
#: Layers of an encoder.
LAYERS = 3
#: Positions that its configuration names.
POSITIONS = 40
SIZES = {
    "vocab_size": 40,
    "hidden_size": 32,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": POSITIONS,
    "pad_token_id": 0,
}
#: What a kind of model says in another way, or beyond it.
OWN = {
    "albert": {"embedding_size": 16},
    "electra": {"embedding_size": 16},
    "distilbert": {"dim": 32, "n_layers": LAYERS, "n_heads": 4, "hidden_dim": 48},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm"},
    "modernbert": {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3},
    **{kind: {"pad_token_id": 1} for kind in ("roberta", "camembert", "xlm-roberta", "mpnet")},
}

#: Sizes that a DistilBERT calls by the names above.
RENAMED = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")


def encoder(kind="bert", **own):
    """A network of transformers with random weights, in evaluation mode."""
    import torch
    from transformers import AutoConfig, AutoModel

    torch.manual_seed(1)
    given = {**SIZES, **OWN.get(kind, {})}
    if kind == "distilbert":
        given = {name: value for name, value in given.items() if name not in RENAMED}
    return AutoModel.from_config(AutoConfig.for_model(kind, **{**given, **own})).eval()


def write_vocabulary(folder, words=WORDS):
    """A WordPiece vocabulary, as BERT has it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join([*SPECIAL, *words]) + "\n")
    about = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(about))


def write_encoder(folder, kind="bert", **own):
    """A folder with configuration, weights and vocabulary; the network that was written."""
    network = encoder(kind, **own)
    network.save_pretrained(folder)
    write_vocabulary(folder)
    return network


def make(folder, pretrained=True, keys=f"max_length={LENGTH}", length=LENGTH):
    """The backbone of a folder, in evaluation mode."""
    import torch

    from tlbench_backbones.transformers.factory import factory

    torch.manual_seed(0)
    return factory((length,), f"{folder}?{keys}", pretrained=pretrained).eval()


def ids_of(*lengths, length=LENGTH, seed=0):
    """Random ids of texts of some lengths, as a tensor."""
    import torch

    rng = np.random.default_rng(seed)
    ids = np.full((len(lengths), length), -1, np.int32)
    for row, size in enumerate(lengths):
        ids[row, :size] = rng.integers(5, 24, size)
    return torch.from_numpy(ids)


def features(backbone, ids):
    """What a backbone makes of ids, without a gradient."""
    import torch

    with torch.no_grad():
        return backbone(ids)
