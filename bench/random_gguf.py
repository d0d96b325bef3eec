#!/usr/bin/env python3
"""Writes a GGUF file of the architecture `llama` with random weights, for measuring speed and memory.

It has the shape of a real model and costs the same to run, but what it says is noise. One seed and one shape give the
same bytes every time. make-model.sh runs it with the packages that it needs.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, TokenType

CONTEXT = 32_768
# As in ChatML; the ids are their places in this list.
CONTROL_TOKENS = ["<|im_start|>", "<|im_end|>"]
CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
FILE_TYPES = {
    "Q4_0": LlamaFileType.MOSTLY_Q4_0,
    "Q8_0": LlamaFileType.MOSTLY_Q8_0,
    "F16": LlamaFileType.MOSTLY_F16,
}


@dataclass(frozen=True)
class Shape:
    """The shape of a model. The vocabulary is smaller than usual: embeddings are no part of the work per token."""

    layers: int
    width: int
    feed_forward_width: int
    heads: int
    kv_heads: int
    vocabulary: int

    @property
    def head_width(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads


SHAPES = {
    "135m": Shape(layers=30, width=576, feed_forward_width=1536, heads=9, kv_heads=3, vocabulary=8192),
    "360m": Shape(layers=32, width=960, feed_forward_width=2560, heads=15, kv_heads=5, vocabulary=16_384),
    "1b": Shape(layers=16, width=2048, feed_forward_width=8192, heads=32, kv_heads=8, vocabulary=16_384),
}


def write_model(path: Path, name: str, quantization: str, seed: int) -> None:
    """Writes the model. The file appears under its name only when it is complete."""
    shape = SHAPES[name]
    unfinished = path.with_name(path.name + ".unfinished")
    writer = GGUFWriter(unfinished, "llama", use_temp_file=True)
    writer.add_name(f"random-{name}")
    writer.add_file_type(FILE_TYPES[quantization])
    _add_shape(writer, shape)
    _add_tokenizer(writer, shape.vocabulary)
    _add_tensors(writer, shape, GGMLQuantizationType[quantization], np.random.default_rng(seed))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    unfinished.replace(path)


def _add_shape(writer: GGUFWriter, shape: Shape) -> None:
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward_width)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(shape.vocabulary)


def _add_tokenizer(writer: GGUFWriter, vocabulary: int) -> None:
    """Adds a tokenizer that knows every byte: one token a byte, and fillers up to the size of the vocabulary."""
    characters = _byte_characters()
    tokens = [*CONTROL_TOKENS, *characters]
    tokens += [f"w{index}" for index in range(len(tokens), vocabulary)]
    types = [TokenType.CONTROL] * len(CONTROL_TOKENS) + [TokenType.NORMAL] * (vocabulary - len(CONTROL_TOKENS))
    space = characters[ord(" ")]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    # llama.cpp wants a list of merges. The result of this one is no token, so text stays one token a byte.
    writer.add_token_merges([f"{space} {space}"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _byte_characters() -> list[str]:
    """Returns the character that stands for each of the 256 bytes in a byte-level vocabulary, as GPT-2 has it."""
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    replacements = iter(range(256, 512))
    return [chr(byte if byte in printable else next(replacements)) for byte in range(256)]


def _add_tensors(writer: GGUFWriter, shape: Shape, kind: GGMLQuantizationType, rng: np.random.Generator) -> None:
    def add_matrix(name: str, outputs: int, inputs: int) -> None:
        # This scale keeps the activations in the range of a trained model: none overflows.
        weights = rng.standard_normal((outputs, inputs), dtype=np.float32) * np.float32(inputs**-0.5)
        writer.add_tensor(name, gguf.quants.quantize(weights, kind), raw_dtype=kind)

    def add_norm(name: str) -> None:
        writer.add_tensor(name, np.ones(shape.width, np.float32))

    width, wide, kv_width = shape.width, shape.feed_forward_width, shape.kv_heads * shape.head_width
    add_matrix("token_embd.weight", shape.vocabulary, width)
    add_norm("output_norm.weight")
    add_matrix("output.weight", shape.vocabulary, width)
    for layer in range(shape.layers):
        add_norm(f"blk.{layer}.attn_norm.weight")
        add_norm(f"blk.{layer}.ffn_norm.weight")
        add_matrix(f"blk.{layer}.attn_q.weight", width, width)
        add_matrix(f"blk.{layer}.attn_k.weight", kv_width, width)
        add_matrix(f"blk.{layer}.attn_v.weight", kv_width, width)
        add_matrix(f"blk.{layer}.attn_output.weight", width, width)
        add_matrix(f"blk.{layer}.ffn_gate.weight", wide, width)
        add_matrix(f"blk.{layer}.ffn_up.weight", wide, width)
        add_matrix(f"blk.{layer}.ffn_down.weight", width, wide)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a GGUF file with random weights, to measure speed and memory.")
    parser.add_argument("output", type=Path, metavar="OUT.gguf")
    parser.add_argument("--shape", choices=SHAPES, default="135m", help="default: %(default)s")
    parser.add_argument("--quantization", choices=FILE_TYPES, default="Q4_0", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=7, help="default: %(default)s")
    arguments = parser.parse_args()
    write_model(arguments.output, arguments.shape, arguments.quantization, arguments.seed)


if __name__ == "__main__":
    main()
