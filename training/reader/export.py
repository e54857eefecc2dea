"""How does the trained network become the model folder that ships? ONNX in 8-bit whole numbers, tokenizer, settings.

Weights of matrix products are stored as 8-bit numbers with a scale per output column, and inputs are quantised as they
come. Only seven of the eight bits are used, since processors without VNNI add pairs of products in 16 bits, which
overflow. Rows of the word table have a scale of their own.
"""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from rag.retrieval.crossencoder import TOKEN_SCORES, VERDICTS
from training.reader.net import ReadingNet

__all__ = ["export_reader"]

_OPSET = 17


def export_reader(net: ReadingNet, tokenizer: Path, out: Path, settings: Mapping[str, object]) -> int:
    """Write the model folder.

    Args:
        net: The trained network.
        tokenizer: Its tokenizer.json.
        out: Folder to write; files of a model that is there are replaced.
        settings: What ``settings.json`` tells besides the shape, such as the calibration.

    Returns:
        Bytes of the folder.
    """
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        plain, merged = Path(folder) / "plain.onnx", Path(folder) / "merged.onnx"
        write_onnx(net, plain)
        _merge(plain, merged, net)
        quantize_dynamic(
            merged,
            out / "model.onnx",
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
        )
    shutil.copyfile(tokenizer, out / "tokenizer.json")
    shape = {"verdicts": list(VERDICTS), "tokens": list(TOKEN_SCORES), "layers": len(net.layers)}
    (out / "settings.json").write_text(
        json.dumps(shape | dict(settings), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    for file in out.iterdir():
        file.chmod(0o644)
    return sum(file.stat().st_size for file in out.iterdir())


def write_onnx(net: ReadingNet, path: Path) -> None:
    """The network in full precision but for its word table."""
    ids = torch.ones(2, 16, dtype=torch.long)
    both = {0: "batch", 1: "length"}
    axes = {"ids": both, "mask": both, "relevance": {0: "batch"}, "verdict": {0: "batch"}, "tokens": both}
    with warnings.catch_warnings():
        # The new exporter needs one more package, and what it writes is not joined by the runtime's optimizer.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _WithSmallTable(net.cpu().eval()),
            (ids, torch.ones_like(ids)),
            str(path),
            input_names=["ids", "mask"],
            output_names=["relevance", "verdict", "tokens"],
            dynamic_axes=axes,
            opset_version=_OPSET,
            dynamo=False,
        )


class _WithSmallTable(nn.Module):
    """The network with its word table in 8-bit numbers."""

    def __init__(self, net: ReadingNet) -> None:
        super().__init__()
        self.net = net
        table = net.words.weight.detach()
        scale = table.abs().amax(dim=1, keepdim=True).clamp(min=1e-8) / 127
        self.register_buffer("table", (table / scale).round().to(torch.int8))
        self.register_buffer("scale", scale)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        words = self.table[ids].float() * self.scale[ids]  # type: ignore[index]
        places = self.net.places(torch.arange(ids.shape[1], device=ids.device))
        hidden = self.net.norm(words + places[None])
        seen = mask[:, None, None, :].bool()
        for layer in self.net.layers:
            hidden = layer(hidden, seen)
        read: tuple[Tensor, Tensor, Tensor] = self.net.read(hidden, mask)
        return read


def _merge(plain: Path, merged: Path, net: ReadingNet) -> None:
    """Join small operations of attention, normalisation and activation into the runtime's own."""
    from onnxruntime.transformers.fusion_options import FusionOptions
    from onnxruntime.transformers.optimizer import optimize_model

    options = FusionOptions("bert")
    options.enable_embed_layer_norm = False
    width, heads = net.words.embedding_dim, net.heads
    model = optimize_model(str(plain), "bert", num_heads=heads, hidden_size=width, optimization_options=options)
    model.save_model_to_file(str(merged))
