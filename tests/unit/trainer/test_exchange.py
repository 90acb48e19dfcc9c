"""Models in and out as Hugging Face keeps them: the same logits, and a fine-tune from end to end."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from gpu_runtime.trainer.config import TrainConfig
from gpu_runtime.trainer.exchange import find_model, load_weights, read_model, save_model, shape_for
from gpu_runtime.trainer.model import Transformer
from gpu_runtime.trainer.refusals import ModelError
from gpu_runtime.trainer.shape import ModelShape, RopeScaling
from tests.unit.trainer import llama

SHAPE = ModelShape(
    vocabulary=300, layers=3, d_model=64, heads=4, kv_heads=2, hidden=112, context=96, tied=False,
    rope_base=500_000.0, norm_eps=1e-6,
)  # fmt: skip
TOKENS = torch.randint(300, (40,), generator=torch.Generator().manual_seed(3))


def _kept(folder: Path, shape: ModelShape = SHAPE, dtype: torch.dtype = torch.float32) -> tuple[Path, Transformer]:
    torch.manual_seed(7)
    model = Transformer(shape)
    for parameter in model.parameters():  # scales of one would hide a missing one
        torch.nn.init.normal_(parameter, mean=float(parameter.dim() == 1), std=0.2)
    save_model(folder, shape, {name: tensor.detach() for name, tensor in model.state_dict().items()}, dtype)
    return folder, model


def _loaded(folder: Path) -> Transformer:
    kept = read_model(folder)
    model = Transformer(kept.shape)
    model.load_state_dict(load_weights(kept))
    return model


def _change(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("tied", [True, False])
def test_model_saved_gives_the_logits_of_the_papers(tmp_path: Path, tied: bool) -> None:
    folder, model = _kept(tmp_path / "m", replace(SHAPE, tied=tied))
    config, weights = json.loads((folder / "config.json").read_text()), load_file(folder / "model.safetensors")
    expected = llama.logits(config, weights, TOKENS)
    found = _loaded(folder).logits(TOKENS[None])[0]
    assert ("lm_head.weight" in weights) == (not tied)
    assert torch.equal(found, model.logits(TOKENS[None])[0])
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("scaling", [None, RopeScaling(8.0, 1.0, 4.0, 32)])
def test_model_saved_gives_the_logits_of_transformers(tmp_path: Path, scaling: RopeScaling | None) -> None:
    transformers = pytest.importorskip("transformers", reason="a peer of the tests alone")
    folder, model = _kept(tmp_path / "m", replace(SHAPE, rope_scaling=scaling))
    peer = transformers.LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    with torch.no_grad():
        expected = peer(TOKENS[None]).logits
        found = model.logits(TOKENS[None])
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-5 * float(expected.abs().max()))


def test_model_of_transformers_loaded_gives_its_logits(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="a peer of the tests alone")
    peer = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=300,
            hidden_size=64,
            intermediate_size=112,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=96,
            tie_word_embeddings=True,
        )  # fmt: skip
    )
    peer.save_pretrained(tmp_path / "m", max_shard_size="50KB")
    with torch.no_grad():
        torch.testing.assert_close(_loaded(tmp_path / "m").logits(TOKENS[None]), peer(TOKENS[None]).logits)


def test_model_in_shards_read_as_one(tmp_path: Path) -> None:
    folder, _ = _kept(tmp_path / "m")
    whole = load_weights(read_model(folder))
    tensors = load_file(folder / "model.safetensors")
    names = sorted(tensors)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for part, held in parts.items():
        save_file({name: tensors[name] for name in held}, folder / part)
    (folder / "model.safetensors").unlink()
    index = {"weight_map": {name: part for part, held in parts.items() for name in held}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert all(torch.equal(tensor, whole[name]) for name, tensor in load_weights(read_model(folder)).items())
    index["weight_map"]["model.norm.weight"] = "../elsewhere.safetensors"
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match="files that are not in the folder"):
        load_weights(read_model(folder))


def test_model_in_bfloat16_read_back_rounded_once(tmp_path: Path) -> None:
    folder, model = _kept(tmp_path / "m", dtype=torch.bfloat16)
    for name, tensor in load_weights(read_model(folder)).items():
        assert torch.equal(tensor, model.state_dict()[name].bfloat16())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_type": "qwen2"}, "no Llama-shaped model's: ValueError: model_type is 'qwen2'"),
        ({"attention_bias": True}, "projections have biases"),
        ({"hidden_act": "gelu"}, "hidden_act 'gelu'"),
        ({"head_dim": 32}, "head_dim 32 times 4 heads is not hidden_size 64"),
        ({"rope_scaling": {"rope_type": "yarn"}}, "positions of type 'yarn'"),
        ({"vocab_size": None}, "TypeError"),
    ],
)
def test_model_of_another_kind_refused_in_words(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    folder, _ = _kept(tmp_path / "m")
    _change(folder, **changes)
    with pytest.raises(ModelError, match=words):
        read_model(folder)


def test_model_with_missing_or_strange_tensors_refused_by_name(tmp_path: Path) -> None:
    folder, _ = _kept(tmp_path / "m")
    tensors = load_file(folder / "model.safetensors")
    strange: dict[str, Tensor] = {**tensors, "model.layers.0.extra.weight": torch.zeros(1)}
    save_file(strange, folder / "model.safetensors")
    with pytest.raises(ModelError, match=r"model\.layers\.0\.extra\.weight"):
        load_weights(read_model(folder))
    del tensors["model.norm.weight"]
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ModelError, match=r"lacks the tensor model\.norm\.weight"):
        load_weights(read_model(folder))
    (folder / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ModelError, match="cannot be read"):
        load_weights(read_model(folder))


def test_model_not_here_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WRIT_MODELS", raising=False)
    with pytest.raises(ModelError, match="WRIT_MODELS is not set"):
        find_model("tiny")
    monkeypatch.setenv("WRIT_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="There is no model 'tiny' here"):
        find_model("tiny")


def test_section_that_says_another_size_told_what_to_write(tmp_path: Path) -> None:
    kept = read_model(_kept(tmp_path / "m")[0])
    fitting = {"data": "python-stdlib", "layers": 3, "d_model": 64, "heads": 4, "kv_heads": 2, "context": 48}
    assert shape_for(TrainConfig.from_spec(fitting), kept) == replace(SHAPE, context=48)
    with pytest.raises(ModelError, match="write layers: 3, hidden: 112, tied: false"):
        shape_for(TrainConfig.from_spec(fitting | {"layers": 4, "hidden": 64, "tied": True}), kept)
    with pytest.raises(ModelError, match="knows 96 positions; context is 128"):
        shape_for(TrainConfig.from_spec(fitting | {"context": 128}), kept)
