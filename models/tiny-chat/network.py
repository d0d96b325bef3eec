"""The model in JAX, in float32: what llama.cpp computes for the architecture `llama`, written for training on a CPU.

Matrix products have two or three dimensions only: XLA takes twice as long for more on a CPU.
"""

from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from recipe import SHAPE

QUERY_CHUNK = 256  # queries attended to at once, so that most of the masked half is never computed
MASKED = -1e9


class Layer(NamedTuple):
    """The parameters of one layer. Matrices are (in, out); GGUF stores them the other way round."""

    gate: Array
    key: Array
    attention_norm: Array
    feed_forward_norm: Array
    attention_output: Array
    query: Array
    up: Array
    value: Array
    down: Array


class Parameters(NamedTuple):
    """The parameters of the model. The embedding serves as output matrix too."""

    embedding: Array
    layers: list[Layer]
    output_norm: Array


def initial_parameters(seed: int) -> Parameters:
    """Draws the parameters that training starts from."""
    rng = np.random.default_rng(seed)
    width, wide = SHAPE.width, SHAPE.feed_forward_width

    def matrix(inputs: int, outputs: int, scale: float = 1.0) -> Array:
        return jnp.asarray(rng.normal(0, scale * inputs**-0.5, (inputs, outputs)), jnp.float32)

    # Additions to the residual stream start smaller, by their number.
    residual_scale = (2 * SHAPE.layers) ** -0.5

    def layer() -> Layer:
        return Layer(
            attention_norm=jnp.ones(width),
            feed_forward_norm=jnp.ones(width),
            query=matrix(width, width),
            key=matrix(width, width),
            value=matrix(width, width),
            attention_output=matrix(width, width, residual_scale),
            gate=matrix(width, wide),
            up=matrix(width, wide),
            down=matrix(wide, width, residual_scale),
        )

    return Parameters(
        embedding=jnp.asarray(rng.normal(0, 0.05, (SHAPE.vocabulary, width)), jnp.float32),
        layers=[layer() for _ in range(SHAPE.layers)],
        output_norm=jnp.ones(width),
    )


def logits(parameters: Parameters, tokens: Array, dialogue: Array) -> Array:
    """Returns the scores of the next token, (rows, length, vocabulary), for tokens of shape (rows, length).

    A token sees only earlier tokens of its own dialogue. Positions count through the row: rotary positions are
    relative, so a dialogue in the middle of a row is no different from one at its start.
    """
    rows, length = tokens.shape
    causal = jnp.tril(jnp.ones((length, length), bool))
    bias = jnp.where(causal & (dialogue[:, :, None] == dialogue[:, None, :]), 0.0, MASKED)
    cos, sin = _rotations(length)
    hidden = parameters.embedding[tokens.reshape(-1)]
    for layer in parameters.layers:
        hidden = hidden + _attention(layer, _norm(hidden, layer.attention_norm), cos, sin, bias)
        hidden = hidden + _feed_forward(layer, _norm(hidden, layer.feed_forward_norm))
    return (_norm(hidden, parameters.output_norm) @ parameters.embedding.T).reshape(rows, length, -1)


def parameter_count(parameters: Parameters) -> int:
    """Returns how many numbers the model consists of."""
    return sum(array.size for array in jax.tree.leaves(parameters))


def save_parameters(path: Path, parameters: Parameters) -> None:
    """Writes the parameters as an npz file."""
    named, _ = jax.tree_util.tree_flatten_with_path(parameters)
    np.savez(path, **{jax.tree_util.keystr(key): np.asarray(array) for key, array in named})


def load_parameters(path: Path) -> Parameters:
    """Reads what `save_parameters` wrote."""
    named, structure = jax.tree_util.tree_flatten_with_path(initial_parameters(0))
    with np.load(path) as arrays:
        leaves = [jnp.asarray(arrays[jax.tree_util.keystr(key)]) for key, _ in named]
    return jax.tree_util.tree_unflatten(structure, leaves)


def _norm(hidden: Array, weight: Array) -> Array:
    """Root mean square norm."""
    mean_square = jnp.mean(hidden * hidden, -1, keepdims=True)
    return hidden * jax.lax.rsqrt(mean_square + SHAPE.norm_epsilon) * weight


def _feed_forward(layer: Layer, hidden: Array) -> Array:
    return (jax.nn.silu(hidden @ layer.gate) * (hidden @ layer.up)) @ layer.down


def _rotations(length: int) -> tuple[Array, Array]:
    """Returns cosine and sine of every position's rotary angles."""
    frequencies = SHAPE.rope_base ** (-jnp.arange(0, SHAPE.head_width, 2) / SHAPE.head_width)
    angles = jnp.arange(length)[:, None] * frequencies
    return jnp.cos(angles)[None, :, None, :], jnp.sin(angles)[None, :, None, :]


def _rotate(heads: Array, cos: Array, sin: Array) -> Array:
    """Rotates neighbouring pairs, as llama.cpp does for this architecture: the export needs no permutation."""
    pairs = heads.reshape(*heads.shape[:-1], SHAPE.head_width // 2, 2)
    first, second = pairs[..., 0], pairs[..., 1]
    return jnp.stack([first * cos - second * sin, first * sin + second * cos], -1).reshape(heads.shape)


def _attention(layer: Layer, hidden: Array, cos: Array, sin: Array, bias: Array) -> Array:
    rows, length, _ = bias.shape
    heads, head_width = SHAPE.heads, SHAPE.head_width

    def split(projected: Array) -> Array:  # (rows * length, width) to (rows, length, heads, head_width)
        return projected.reshape(rows, length, heads, head_width)

    def by_head(array: Array) -> Array:  # ... to (rows * heads, length, head_width)
        return array.transpose(0, 2, 1, 3).reshape(rows * heads, length, head_width)

    scale = head_width**-0.5
    query = by_head(_rotate(split(hidden @ layer.query), cos * scale, sin * scale))
    key = by_head(_rotate(split(hidden @ layer.key), cos, sin))
    value = by_head(split(hidden @ layer.value))
    attended = _attend(query, key, value, bias).reshape(rows, heads, length, head_width)
    return attended.transpose(0, 2, 1, 3).reshape(rows * length, SHAPE.width) @ layer.attention_output


def _attend(query: Array, key: Array, value: Array, bias: Array) -> Array:
    batch, length, _ = query.shape
    chunk = min(length, QUERY_CHUNK)
    outputs = []
    for start in range(0, length, chunk):
        end = min(start + chunk, length)
        scores = jnp.matmul(query[:, start:end], key[:, :end].transpose(0, 2, 1))
        scores = scores.reshape(-1, SHAPE.heads, end - start, end) + bias[:, None, start:end, :end]
        scores = scores.reshape(batch, end - start, end)
        weights = jnp.exp(scores - jax.lax.stop_gradient(scores.max(-1, keepdims=True)))
        outputs.append(jnp.matmul(weights, value[:, :end]) / weights.sum(-1, keepdims=True))
    return jnp.concatenate(outputs, 1)
