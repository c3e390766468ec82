"""A trained encoder in the form that transformers itself reads, with its tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tlbench.core.backbone import SavedNetwork
from tlbench_backbones.transformers.loading import quiet
from tlbench_backbones.transformers.name import ParsedName
from tlbench_backbones.transformers.tokenizer import TransformersTokenizer


def save_network(network: Any, parsed: ParsedName, folder: Path) -> SavedNetwork:
    """Write configuration, weights and vocabulary."""
    with quiet():
        network.save_pretrained(folder)
        TransformersTokenizer(parsed).save(folder)
    name = f"transformers:{{folder}}?max_length={parsed.max_length}&pooling={parsed.pooling}"
    return SavedNetwork(
        "transformers", False, tuple(_example(parsed)), f"{name}&normalise={'true' if parsed.normalise else 'false'}"
    )


def _example(parsed: ParsedName) -> list[str]:
    lines = [
        "from transformers import AutoModel, AutoTokenizer",
        "",
        'tokenizer = AutoTokenizer.from_pretrained("{folder}")',
        'encoder = AutoModel.from_pretrained("{folder}").eval()',
        f'batch = tokenizer(texts, padding=True, truncation=True, max_length={parsed.max_length}, return_tensors="pt")',
        "with torch.inference_mode():",
        '    states = encoder(batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state',
    ]
    if parsed.pooling == "cls":
        lines.append("features = states[:, 0]")
    else:
        lines.append('there = batch["attention_mask"][:, :, None].float()')
        lines.append("features = (states * there).sum(1) / there.sum(1)")
    if parsed.normalise:
        lines.append("features = torch.nn.functional.normalize(features, dim=1)")
    return lines
