"""Models as Hugging Face keeps them: a folder with config.json and safetensors, Llama-shaped.

Hosts keep them in `$WRIT_MODELS/NAME`. Reading and writing the files is left to the library `safetensors`.
"""

import importlib
import importlib.util
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gpu_runtime.trainer.config import TrainConfig
from gpu_runtime.trainer.refusals import ModelError
from gpu_runtime.trainer.shape import ModelShape, RopeScaling

FOLDER_VARIABLE = "WRIT_MODELS"
CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
BLOCK_NAMES = {
    "attention.out": "self_attn.o_proj", "feed_forward.gate": "mlp.gate_proj", "feed_forward.up": "mlp.up_proj",
    "feed_forward.down": "mlp.down_proj", "attention_norm": "input_layernorm",
    "feed_forward_norm": "post_attention_layernorm",
}  # fmt: skip
QKV = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
DTYPE_NAMES = {torch.float32: "float32", torch.bfloat16: "bfloat16"}


@dataclass(frozen=True)
class KeptModel:
    """A model of the host's: where it lies, its shape, and the digest of what its files say they are."""

    folder: Path
    shape: ModelShape


def find_model(name: str) -> KeptModel:
    """Find a model that this host keeps, and read its shape.

    Raises:
        ModelError: it keeps none, not this one, or one that is not Llama-shaped.
    """
    kept = os.environ.get(FOLDER_VARIABLE)
    if not kept:
        raise ModelError(f"This host keeps no models ({FOLDER_VARIABLE} is not set), so it has no {name!r}.")
    return read_model(Path(kept) / name)


def read_model(folder: Path) -> KeptModel:
    """Read what a folder says of its model.

    Raises:
        ModelError: there is no such model, or it is not Llama-shaped.
    """
    try:
        said = json.loads((folder / CONFIG).read_bytes())
        return KeptModel(folder, _shape(said))
    except FileNotFoundError:
        raise ModelError(f"There is no model {folder.name!r} here: {folder / CONFIG} is missing.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder / CONFIG} is no Llama-shaped model's: {type(error).__name__}: {error}.") from None


def shape_for(config: TrainConfig, kept: KeptModel) -> ModelShape:
    """The shape to train: the model's own, in the section's context.

    Raises:
        ModelError: the section says another size; lists every field to change.
    """
    own = kept.shape
    sizes = {"layers": own.layers, "d_model": own.d_model, "heads": own.heads, "kv_heads": own.kv_heads}
    optional = {"hidden": own.hidden, "tied": own.tied}
    sizes |= {name: value for name, value in optional.items() if getattr(config, name) is not None}
    other = [f"{name}: {str(value).lower()}" for name, value in sizes.items() if getattr(config, name) != value]
    if other:
        raise ModelError(f"{kept.folder.name} is of another size than the section says; write {', '.join(other)}.")
    if config.context > own.context:
        raise ModelError(f"{kept.folder.name} knows {own.context} positions; context is {config.context}.")
    return ModelShape(**{**vars(own), "context": config.context})


def load_weights(kept: KeptModel) -> dict[str, Tensor]:
    """All parameters under the trainer's names, in the dtype they are kept in.

    Raises:
        ModelError: a tensor is missing, unknown or of another shape.
    """
    found = {name: tensor for path in _weight_files(kept.folder) for name, tensor in _tensors(path)}
    weights = {ours: torch.cat([_taken(found, name) for name in theirs]) for ours, theirs in _names(kept.shape)}
    strange = [name for name in found if not name.endswith("rotary_emb.inv_freq")]
    if kept.shape.tied:
        strange = [name for name in strange if name != "lm_head.weight"]
    if strange:
        raise ModelError(f"{kept.folder.name} has tensors that no Llama-shaped model has: {', '.join(strange[:3])}.")
    return weights


def save_model(folder: Path, shape: ModelShape, weights: Mapping[str, Tensor], dtype: torch.dtype) -> None:
    """Write a folder that Hugging Face's loaders read, aside first, then renamed.

    Args:
        weights: under the trainer's names, whole.
    """
    aside = folder.with_name(f"{folder.name}.incomplete")
    aside.mkdir(parents=True)
    tensors = {
        name: tensor.to(dtype).contiguous()
        for ours, theirs in _names(shape)
        for name, tensor in zip(theirs, _split(weights[ours], len(theirs), shape), strict=True)
    }
    _safetensors("torch").save_file(tensors, str(aside / WEIGHTS), metadata={"format": "pt"})
    (aside / CONFIG).write_text(json.dumps(_described(shape, dtype), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    aside.rename(folder)


def _shape(said: Mapping[str, Any]) -> ModelShape:
    if said.get("model_type") != "llama" or said.get("hidden_act", "silu") != "silu":
        raise ValueError(f"model_type is {said.get('model_type')!r}, hidden_act {said.get('hidden_act')!r}")
    if said.get("attention_bias") or said.get("mlp_bias"):
        raise ValueError("its projections have biases")
    width, heads = int(said["hidden_size"]), int(said["num_attention_heads"])
    if int(said.get("head_dim") or width // heads) * heads != width:
        raise ValueError(f"head_dim {said['head_dim']} times {heads} heads is not hidden_size {width}")
    rope = said.get("rope_parameters") or {}
    return ModelShape(
        vocabulary=int(said["vocab_size"]), layers=int(said["num_hidden_layers"]), d_model=width, heads=heads,
        kv_heads=int(said.get("num_key_value_heads") or heads), hidden=int(said["intermediate_size"]),
        context=int(said["max_position_embeddings"]), tied=bool(said.get("tie_word_embeddings", False)),
        rope_base=float(rope.get("rope_theta", said.get("rope_theta", 10_000.0))),
        norm_eps=float(said["rms_norm_eps"]), rope_scaling=_scaling(said.get("rope_scaling") or rope),
    )  # fmt: skip


def _scaling(said: Mapping[str, Any]) -> RopeScaling | None:
    kind = said.get("rope_type", said.get("type", "default"))
    if kind == "default":
        return None
    if kind != "llama3":
        raise ValueError(f"rotary positions of type {kind!r} are unknown here")
    return RopeScaling(
        float(said["factor"]), float(said["low_freq_factor"]), float(said["high_freq_factor"]),
        int(said["original_max_position_embeddings"]),
    )  # fmt: skip


def _described(shape: ModelShape, dtype: torch.dtype) -> dict[str, Any]:
    """config.json, with the rotary fields under both of the names that loaders have had for them."""
    said: dict[str, Any] = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "attention_bias": False,
        "mlp_bias": False, "hidden_size": shape.d_model, "intermediate_size": shape.hidden,
        "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim, "vocab_size": shape.vocabulary, "max_position_embeddings": shape.context,
        "rms_norm_eps": shape.norm_eps, "tie_word_embeddings": shape.tied, "rope_theta": shape.rope_base,
        "torch_dtype": DTYPE_NAMES[dtype], "bos_token_id": None, "eos_token_id": None,
    }  # fmt: skip
    rope: dict[str, Any] = {"rope_type": "default"}
    if shape.rope_scaling is not None:
        by = shape.rope_scaling
        rope = {
            "rope_type": "llama3", "factor": by.factor, "low_freq_factor": by.low_freq_factor,
            "high_freq_factor": by.high_freq_factor, "original_max_position_embeddings": by.original_context,
        }  # fmt: skip
        said["rope_scaling"] = rope
    return said | {"rope_parameters": {**rope, "rope_theta": shape.rope_base}}


def _names(shape: ModelShape) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The trainer's name of each parameter, and Hugging Face's names of its rows in order."""
    yield "embedding.weight", ("model.embed_tokens.weight",)
    for number in range(shape.layers):
        theirs = f"model.layers.{number}"
        yield f"blocks.{number}.attention.qkv.weight", tuple(f"{theirs}.{name}.weight" for name in QKV)
        for ours, name in BLOCK_NAMES.items():
            yield f"blocks.{number}.{ours}.weight", (f"{theirs}.{name}.weight",)
    yield "norm.weight", ("model.norm.weight",)
    if not shape.tied:
        yield "output.weight", ("lm_head.weight",)


def _split(tensor: Tensor, count: int, shape: ModelShape) -> tuple[Tensor, ...]:
    if count == 1:
        return (tensor,)
    rows = [heads * shape.head_dim for heads in (shape.heads, shape.kv_heads, shape.kv_heads)]
    return tuple(torch.split(tensor, rows))


def _weight_files(folder: Path) -> list[Path]:
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    try:
        named = sorted(set(json.loads((folder / INDEX).read_bytes())["weight_map"].values()))
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{folder.name} has neither {WEIGHTS} nor a readable {INDEX}: {error}.") from None
    if any(Path(name).name != name or not (folder / name).is_file() for name in named):
        raise ModelError(f"{folder.name}: {INDEX} names files that are not in the folder.")
    return [folder / name for name in named]


def _tensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    library = _safetensors()
    try:
        with library.safe_open(str(path), framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - the file is no mapping
                yield name, file.get_tensor(name)
    except library.SafetensorError as error:
        raise ModelError(f"{path} cannot be read: {error}.") from None


def _taken(found: dict[str, Tensor], name: str) -> Tensor:
    if name not in found:
        raise ModelError(f"The model lacks the tensor {name}.")
    return found.pop(name)


def _safetensors(part: str = "") -> Any:
    if importlib.util.find_spec("safetensors") is None:
        raise ModelError("Models are read and written by the library safetensors, which is not installed on this host.")
    return importlib.import_module(f"safetensors.{part}" if part else "safetensors")
