"""Writes the trained model as a GGUF file with 8-bit weights (Q8_0), tokenizer and chat template included.

usage: python export.py WORK_FOLDER     reads parameters.npz and tokenizer.json, writes tiny-chat-q8_0.gguf
"""

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, TokenType

from network import Layer, load_parameters
from recipe import SHAPE
from tokenizer import CONTROL_TOKENS, END_OF_TEXT, END_OF_TURN, FILE, MARKERS
from train import FILE as PARAMETERS_FILE

OUTPUT = "tiny-chat-q8_0.gguf"
CHAT_TEMPLATE = Path(__file__).with_name("chat_template.jinja")

# GGUF's names of a layer's matrices, in the order of the file.
MATRICES = {
    "attn_q": "query",
    "attn_k": "key",
    "attn_v": "value",
    "attn_output": "attention_output",
    "ffn_gate": "gate",
    "ffn_up": "up",
    "ffn_down": "down",
}


def export(work: Path) -> Path:
    """Writes the file and returns its path."""
    path = work / OUTPUT
    writer = GGUFWriter(path, "llama")
    _add_shape(writer)
    _add_tokenizer(writer, json.loads((work / FILE).read_text(encoding="utf-8")))
    writer.add_chat_template(CHAT_TEMPLATE.read_text(encoding="utf-8"))

    parameters = load_parameters(work / PARAMETERS_FILE)
    # There is no output.weight: llama.cpp then takes the embedding.
    _add_matrix(writer, "token_embd.weight", parameters.embedding)
    writer.add_tensor("output_norm.weight", np.asarray(parameters.output_norm))
    for index, layer in enumerate(parameters.layers):
        _add_layer(writer, f"blk.{index}", layer)

    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_shape(writer: GGUFWriter) -> None:
    writer.add_name("tiny-chat")
    writer.add_description("Tiny synthetic-data chat model for tests; trained from scratch")
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    writer.add_context_length(SHAPE.context)
    writer.add_embedding_length(SHAPE.width)
    writer.add_block_count(SHAPE.layers)
    writer.add_feed_forward_length(SHAPE.feed_forward_width)
    writer.add_head_count(SHAPE.heads)
    writer.add_head_count_kv(SHAPE.heads)
    writer.add_layer_norm_rms_eps(SHAPE.norm_epsilon)
    writer.add_rope_freq_base(SHAPE.rope_base)
    writer.add_rope_dimension_count(SHAPE.head_width)
    writer.add_vocab_size(SHAPE.vocabulary)


def _add_tokenizer(writer: GGUFWriter, tokenizer: dict) -> None:
    ids: dict[str, int] = tokenizer["model"]["vocab"]
    tokens = sorted(ids, key=lambda token: ids[token])
    if [ids[token] for token in tokens] != list(range(SHAPE.vocabulary)):
        raise ValueError(f"the tokenizer's ids are not 0 to {SHAPE.vocabulary - 1}: train it again")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([_token_type(token) for token in tokens])
    writer.add_token_merges([" ".join(merge) for merge in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(ids[END_OF_TEXT])
    writer.add_eos_token_id(ids[END_OF_TURN])
    writer.add_pad_token_id(ids[END_OF_TEXT])
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)


def _token_type(token: str) -> TokenType:
    if token in CONTROL_TOKENS:
        return TokenType.CONTROL
    return TokenType.USER_DEFINED if token in MARKERS else TokenType.NORMAL


def _add_layer(writer: GGUFWriter, prefix: str, layer: Layer) -> None:
    writer.add_tensor(f"{prefix}.attn_norm.weight", np.asarray(layer.attention_norm))
    writer.add_tensor(f"{prefix}.ffn_norm.weight", np.asarray(layer.feed_forward_norm))
    for name, field in MATRICES.items():
        _add_matrix(writer, f"{prefix}.{name}.weight", np.asarray(getattr(layer, field)).T)


def _add_matrix(writer: GGUFWriter, name: str, matrix: np.ndarray) -> None:
    """Adds a matrix of shape (out, in) in 8 bits."""
    quantized = gguf.quants.quantize(np.ascontiguousarray(matrix, np.float32), GGMLQuantizationType.Q8_0)
    writer.add_tensor(name, quantized, raw_dtype=GGMLQuantizationType.Q8_0)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the trained model as a GGUF file.")
    parser.add_argument("work", type=Path, help="folder with parameters.npz and tokenizer.json, and for the result")
    path = export(parser.parse_args().work)
    print(f"export: {path} ({path.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main()
