"""The built-in backbones, by name. Light: the networks are imported when a run needs one."""

from __future__ import annotations

import tlbench
from tlbench.hookspecs import Register

#: Small networks that train in seconds on a CPU, and pretrained ones of libraries and repositories: under which name,
#: where in this package, and what.
BACKBONES = (
    (
        "small-cnn",
        "small.small_cnn:small_cnn",
        "two 3×3 convolutions and a layer of 64, for images",
    ),
    (
        "lenet",
        "small.lenet:lenet",
        "two 5×5 convolutions and a layer of 500, for images from 16 px, as papers on digits use it",
    ),
    (
        "lenet:",
        "small.lenet_bottleneck:factory",
        "lenet and a bottleneck with batch norm, as the Transfer-Learning-Library has it: lenet:256",
    ),
    (
        "dann-convnet",
        "small.dann_convnet:dann_convnet",
        "two 5×5 convolutions and a classifier of three layers, for images from 16 px, as in the paper of DANN",
    ),
    (
        "linear",
        "small.linear:linear",
        "the inputs themselves, flattened",
    ),
    (
        "mlp:",
        "small.mlp:factory",
        "one hidden layer, for vectors: mlp:100, or with another activation mlp:100:sigmoid, mlp:50:tanh",
    ),
    (
        "frozen:",
        "frozen.backbone:factory",
        "the features of another backbone, made once in place of the inputs, e.g. frozen:timm:resnet18; a network "
        "that is trained on them stands after a +, e.g. frozen:timm:resnet18+mlp:256",
    ),
    (
        "bag-of-words:",
        "small.bag_of_words:factory",
        "counts of words and pairs of words, hashed to so many features, for texts: bag-of-words:16384",
    ),
    (
        "minilm?",
        "transformers.minilm:factory",
        "the sentence encoder all-MiniLM-L6-v2 from the folder of data, a package or the hub, for texts: minilm, or "
        "with options of transformers: minilm?max_length=256",
    ),
    (
        "mobilenetv2-tf?",
        "timm.mobilenet_tf:factory",
        "MobileNetV2 with ImageNet weights from the folder of data (TLBENCH_DATA), for images: mobilenetv2-tf, or "
        "enlarged mobilenetv2-tf?img_size=64",
    ),
    (
        "timm:",
        "timm.factory:factory",
        "pretrained, for images: timm:NAME[?key=value&…][@FILE.safetensors], e.g. timm:resnet18, "
        "timm:mobilenetv2_100?pad_type=same@weights.safetensors; needs the extra `hub`",
    ),
    (
        "transformers:",
        "transformers.factory:factory",
        "pretrained encoders, for texts: transformers:FOLDER_OR_ID[?key=value&…], e.g. "
        "transformers:distilbert-base-uncased, transformers:models/minilm?pooling=cls&max_length=256; needs the "
        "extra `hub`",
    ),
    (
        "torchhub:",
        "torchhub.factory:factory",
        "of a repository with a hubconf.py, for images: torchhub:OWNER/NAME@TAG:MODEL or torchhub:./FOLDER:MODEL, "
        "then [?key=value&…][@FILE.safetensors]",
    ),
    (
        "keras:",
        "keras.factory:factory",
        "of keras.applications, pretrained, for images: keras:NAME[?key=value&…], e.g. keras:VGG16, "
        "keras:VGG16?weights=none; needs the extra `keras`",
    ),
)


@tlbench.hookimpl
def tlbench_register_backbones(register: Register) -> None:
    """All of `BACKBONES`."""
    for name, place, summary in BACKBONES:
        register(name, f"{__name__}.{place}", summary=summary)
