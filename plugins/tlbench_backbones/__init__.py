"""The built-in backbones, by name. Light: the networks are imported when a run needs one."""

from __future__ import annotations

import tlbench
from tlbench.hookspecs import Register


@tlbench.hookimpl
def tlbench_register_backbones(register: Register) -> None:
    """Small networks that train in seconds on a CPU, and pretrained ones of libraries and repositories."""
    register(
        "small-cnn", "tlbench_backbones.small:small_cnn", summary="two 3×3 convolutions and a layer of 64, for images"
    )
    register(
        "lenet",
        "tlbench_backbones.lenet:lenet",
        summary="two 5×5 convolutions and a layer of 500, for images from 16 px, as papers on digits use it",
    )
    register(
        "lenet:",
        "tlbench_backbones.lenet_bottleneck:factory",
        summary="lenet and a bottleneck with batch norm, as the Transfer-Learning-Library has it: lenet:256",
    )
    register(
        "dann-convnet",
        "tlbench_backbones.dann_convnet:dann_convnet",
        summary="two 5×5 convolutions and a classifier of three layers, for images from 16 px, as in the paper of DANN",
    )
    register("linear", "tlbench_backbones.linear:linear", summary="the inputs themselves, flattened")
    register(
        "mlp:",
        "tlbench_backbones.mlp:factory",
        summary="one hidden layer, for vectors: mlp:100, or with another activation mlp:100:sigmoid, mlp:50:tanh",
    )
    register(
        "frozen:",
        "tlbench_backbones.frozen:factory",
        summary="the features of another backbone, made once in place of the inputs, e.g. frozen:timm:resnet18; a "
        "network that is trained on them stands after a +, e.g. frozen:timm:resnet18+mlp:256",
    )
    register(
        "bag-of-words:",
        "tlbench_backbones.bag_of_words:factory",
        summary="counts of words and pairs of words, hashed to so many features, for texts: bag-of-words:16384",
    )
    register(
        "minilm",
        "tlbench_backbones.minilm:factory",
        summary="the sentence encoder all-MiniLM-L6-v2 from the folder of data, a package or the hub, for texts",
    )
    register(
        "minilm?",
        "tlbench_backbones.minilm:factory",
        summary="the same with options of transformers:, e.g. minilm?max_length=256, minilm?normalise=true",
    )
    register(
        "mobilenetv2-tf",
        "tlbench_backbones.mobilenet_tf:factory",
        summary="MobileNetV2 with ImageNet weights from the folder of data (TLBENCH_DATA), for images",
    )
    register(
        "mobilenetv2-tf?",
        "tlbench_backbones.mobilenet_tf:factory",
        summary="the same on images of another size: mobilenetv2-tf?img_size=64, "
        "mobilenetv2-tf?img_size=64&interpolation=bilinear",
    )
    register(
        "timm:",
        "tlbench_backbones.timm_:factory",
        summary="pretrained, for images: timm:NAME[?key=value&…][@FILE.safetensors], e.g. timm:resnet18, "
        "timm:mobilenetv2_100?pad_type=same@weights.safetensors; needs the extra `hub`",
    )
    register(
        "transformers:",
        "tlbench_backbones.transformers_:factory",
        summary="pretrained encoders, for texts: transformers:FOLDER_OR_ID[?key=value&…], e.g. "
        "transformers:distilbert-base-uncased, transformers:models/minilm?pooling=cls&max_length=256; needs the extra "
        "`hub`",
    )
    register(
        "torchhub:",
        "tlbench_backbones.torchhub:factory",
        summary="of a repository with a hubconf.py, for images: torchhub:OWNER/NAME@TAG:MODEL or "
        "torchhub:./FOLDER:MODEL, then [?key=value&…][@FILE.safetensors]",
    )
    register(
        "keras:",
        "tlbench_backbones.keras_:factory",
        summary="of keras.applications, pretrained, for images: keras:NAME[?key=value&…], e.g. keras:VGG16, "
        "keras:VGG16?weights=none; needs the extra `keras`",
    )
